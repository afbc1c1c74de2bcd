package ai.spattention.train.data.source;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.tokenizer.ByteTokenizer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ReadersTest {

    @TempDir
    private Path folder;

    private String refusal(Path file, String field) {
        String message = assertThrows(InvalidInputException.class, () -> SourceFiles.read(file, field)).getMessage();
        assertEquals(1, message.lines().count(), message);
        assertTrue(message.startsWith(file.toString()), message);
        return message.substring(file.toString().length());
    }

    @ParameterizedTest
    @ValueSource(strings = {"a.txt", "A.java", "noextension", "a.txt.gz", "a.md.zst", "a.json.txt"})
    void anyOtherFileIsOneDocument(String name) throws IOException {
        Path file = SourceFiles.write(folder.resolve(name), "{\"a\": 1}\r\n\u00e4\ud83d\ude00\n\n");
        assertEquals(List.of(new TextPart(file.toString(), 1, "{\"a\": 1}\r\n\u00e4\ud83d\ude00\n\n", true, true)),
                SourceFiles.read(file, "text"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"a.jsonl", "a.jsonl.gz", "a.jsonl.zst", "A.JSONL", "a.json", "part-0.json.gz", "a.json.zst", "a.ndjson", "A.Json.gz"})
    void jsonLines(String name) throws IOException {
        Path file = SourceFiles.write(folder.resolve(name), """
                {"text": "one\\n\\u00e4", "other": {"text": [1, {"id": 3}]}, "id": "first"}

                {"id": 7, "text": ""}\r
                {"text": "\\ud83d\\ude00 \\ud83d half", "id": null}""");
        assertEquals(List.of(new TextPart("first", 1, "one\n\u00e4", true, true), new TextPart("7", 3, "", true, true),
                new TextPart(file + ":4", 4, "\ud83d\ude00 \uFFFD half", true, true)), SourceFiles.read(file, "text"));
    }

    @Test
    void filesMayBeEmptyAndPackedInSeveralMembers() throws IOException {
        assertEquals(List.of(), SourceFiles.read(SourceFiles.write(folder.resolve("a.jsonl"), ""), "text"));
        assertEquals(List.of(), SourceFiles.read(SourceFiles.write(folder.resolve("a.jsonl.zst"), "\n\n"), "text"));
        assertEquals("", SourceFiles.read(SourceFiles.write(folder.resolve("a.txt"), ""), "text").get(0).text());
        assertEquals("x", SourceFiles.read(SourceFiles.write(folder.resolve("bom.txt"), "\uFEFFx"), "text").get(0).text());
        for (String name : List.of("two.gz", "two.zst")) {
            Path two = SourceFiles.write(folder.resolve(name), "one ");
            Files.write(two, SourceFiles.packed(name, "two"), StandardOpenOption.APPEND);
            assertEquals("one two", SourceFiles.read(two, "text").get(0).text());
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        "{\"text\": \"a\"| is not valid JSON: ",
        "{\"text\": \"a\"} {}| has something after the JSON object",
        "[\"text\"]| is not a JSON object",
        "{\"tekst\": \"a\"}| has no field 'text': name the field that holds the text with --field",
        "{\"text\": 7}| has a number in the field 'text': it must be a string",
        "{\"text\": null}| has null in the field 'text': it must be a string",
        "{\"text\": [\"a\"]}| has an array in the field 'text': it must be a string",
        "{\"text\": {\"text\": \"a\"}}| has an object in the field 'text': it must be a string",
        "{\"text\": \"a\", \"text\": \"b\"}| is not valid JSON: Duplicate field 'text'",
        "{\"text\": \"a\", \"b\": nul}| is not valid JSON: "})
    void aBadLineIsNamed(String line, String problem) throws IOException {
        Path file = SourceFiles.write(folder.resolve("a.jsonl.gz"), "{\"text\": \"good\"}\n\n" + line + "\n{\"text\": \"good\"}\n");
        String message = refusal(file, "text");
        assertTrue(message.startsWith(" line 3" + (problem.startsWith(" ") ? "" : " ") + problem), message);
    }

    @Test
    void whatIsNotReadIsNamed() throws IOException {
        assertEquals(" is an Arrow stream, which eval reads and prepare does not: write it as Parquet or JSON lines",
                refusal(SourceFiles.write(folder.resolve("a.arrow"), ""), "text"));
        assertEquals(" line 1 is not a JSON object: where a file is one array, write an object a line, for example with jq -c '.[]' FILE",
                refusal(SourceFiles.write(folder.resolve("a.json"), "[{\"text\": \"a\"}]"), "text"));
        assertTrue(refusal(SourceFiles.write(folder.resolve("a.json"), "{\n  \"text\": \"a\"\n}"), "text")
                .endsWith("an object has to be on one line, for example by jq -c . FILE"));
    }

    @Test
    void bytesThatAreNoUtf8AreRefused() throws IOException {
        byte[] latin = "{\"text\": \"\u00e4 is latin\"}\n".getBytes(StandardCharsets.ISO_8859_1);
        String message = refusal(Files.write(folder.resolve("a.jsonl"), latin), "text");
        assertEquals(" line 1 is not text in UTF-8: convert the file, or leave the line out", message);
        assertEquals(" is not text in UTF-8: convert it, or leave it out",
                refusal(Files.write(folder.resolve("a.txt"), latin), "text"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"a.jsonl.gz", "a.jsonl.zst", "a.txt.gz", "a.txt.zst"})
    void truncatedAndDamagedFilesAreRefusedWhereverTheyEnd(String name) throws IOException {
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < 500; i++) {
            lines.append("{\"text\": \"").append(Integer.toHexString(i * 7_654_321)).append("\"}\n");
        }
        byte[] whole = SourceFiles.packed(name, lines.toString());
        for (int length = 0; length < whole.length; length += length < 40 ? 1 : 97) {
            Path file = Files.write(folder.resolve(name), Arrays.copyOf(whole, length));
            String message = refusal(file, "text");
            assertTrue(message.endsWith(" is truncated: its compressed data end too early; get the whole file again"),
                    length + " bytes: " + message);
        }
        whole[whole.length / 2] ^= 0x55;
        Path damaged = Files.write(folder.resolve(name), whole);
        assertThrows(InvalidInputException.class, () -> SourceFiles.read(damaged, "text"));
        Path other = Files.writeString(folder.resolve(name), "this was never packed, whatever its name says");
        assertEquals(" is not packed as its name says: it holds something else: give it the ending of what it is",
                refusal(other, "text"));
    }

    @Test
    void parquetRowsComeInTheirOrder() throws IOException, SQLException {
        Path file = SourceFiles.parquet(folder.resolve("a[1]*?.parquet"),
                "SELECT 'row ' || i AS body, i AS id FROM range(5000) t(i)");
        List<TextPart> parts = SourceFiles.read(file, "body");
        assertEquals(5000, parts.size());
        for (int i = 0; i < 5000; i++) {
            assertEquals(new TextPart(Integer.toString(i), i + 1, "row " + i, true, true), parts.get(i));
        }
        Path noId = SourceFiles.parquet(folder.resolve("b.parquet"), "SELECT 'x' AS text");
        assertEquals(List.of(new TextPart(noId + ":1", 1, "x", true, true)), SourceFiles.read(noId, "text"));
    }

    @Test
    void badParquetFilesAreRefused() throws IOException, SQLException {
        assertEquals(" has no column 'text' (it has body, n): name the column that holds the text with --field",
                refusal(SourceFiles.parquet(folder.resolve("a.parquet"), "SELECT 'x' AS body, 1 AS n"), "text"));
        assertEquals(" has a column 'n' of type INTEGER: it must be a string", refusal(folder.resolve("a.parquet"), "n"));
        assertEquals(" row 2 has null in the column 'text': it must be a string", refusal(SourceFiles.parquet(
                folder.resolve("null.parquet"), "SELECT * FROM (VALUES ('x'), (NULL)) t(text)"), "text"));
        Path whole = SourceFiles.parquet(folder.resolve("c.parquet"), "SELECT 'row ' || i AS text FROM range(5000) t(i)");
        byte[] bytes = Files.readAllBytes(whole);
        for (int length : new int[] {0, 3, 100, bytes.length - 1}) {
            String message = refusal(Files.write(folder.resolve("cut.parquet"), Arrays.copyOf(bytes, length)), "text");
            assertTrue(message.startsWith(" is not a Parquet file that can be read: "), message);
        }
    }

    @Test
    void aFileThatIsGoneIsNamed() {
        for (String name : List.of("a.txt", "a.jsonl.gz", "a.parquet")) {
            assertEquals(" is not there any more: put it back and start again", refusal(folder.resolve(name), "text"));
        }
    }

    @Test
    void bytesReadReachTheFilesSize() throws IOException, SQLException {
        SourceFiles.parquet(folder.resolve("a.parquet"), "SELECT 'row ' || i AS text FROM range(5000) t(i)");
        SourceFiles.write(folder.resolve("a.jsonl.gz"), "{\"text\": \"a\"}\n".repeat(1000));
        SourceFiles.write(folder.resolve("a.txt.zst"), "text ".repeat(1000));
        for (String name : List.of("a.parquet", "a.jsonl.gz", "a.txt.zst")) {
            InputFile file = new InputFile(folder.resolve(name));
            try (ByteTokenizer tokenizer = new ByteTokenizer(); PartReader reader = file.open("text", DocumentSeparator.NONE, tokenizer)) {
                while (reader.next().isPresent()) {
                    assertTrue(reader.bytesRead() >= 0 && reader.bytesRead() <= file.size());
                }
                assertEquals(file.size(), reader.bytesRead(), name);
            }
        }
    }
}
