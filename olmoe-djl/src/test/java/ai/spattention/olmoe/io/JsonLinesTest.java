package ai.spattention.olmoe.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.common.InvalidInputException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class JsonLinesTest {

    @TempDir
    private Path folder;

    private List<Map<?, ?>> read(String name, byte[] content) throws IOException {
        return read(Files.write(folder.resolve(name), content));
    }

    private static List<Map<?, ?>> read(Path file) throws IOException {
        List<Map<?, ?>> objects = new ArrayList<>();
        try (JsonLines lines = JsonLines.open(file)) {
            for (Optional<Map<?, ?>> next = lines.nextObject(); next.isPresent(); next = lines.nextObject()) {
                objects.add(next.get());
            }
        }
        return objects;
    }

    private String refusal(byte[] content) {
        String message = assertThrows(InvalidInputException.class, () -> read("a.jsonl", content)).getMessage();
        assertEquals(1, message.lines().count(), message);
        assertTrue(message.chars().allMatch(c -> c >= ' ' && c < 127), message);
        return message.replace(folder + "/", "");
    }

    private String refusal(String line) {
        return refusal(("{\"n\": 1}\n" + line + "\n").getBytes(StandardCharsets.UTF_8));
    }

    @ParameterizedTest
    @ValueSource(strings = {"a.jsonl", "a.json.gz", "a.ndjson.zst"})
    void readsAnObjectALine(String name) throws IOException {
        List<String> parts = List.of("\uFEFF{\"n\": 1}\r\n", "\n \t\n\uFEFF{\"t\": \"\u00e4\"}", "\n{}");
        assertEquals(List.of(Map.of("n", 1), Map.of("t", "\u00e4"), Map.of()), read(name, Packed.as(name, parts)));
    }

    @Test
    void readsWhatPythonWrites() throws IOException {
        assertEquals(List.of(Map.of("a", Double.NaN, "b", Double.POSITIVE_INFINITY, "c", Double.NEGATIVE_INFINITY)),
                read("a.jsonl", "{\"a\": NaN, \"b\": Infinity, \"c\": -Infinity}".getBytes(StandardCharsets.UTF_8)));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        "[1]| is not a JSON object: where a file is one array, write an object a line, for example with jq -c '.[]' FILE",
        "null| is not a JSON object",
        "{} {}| has something after the JSON object",
        "{| is not valid JSON: Unexpected end-of-input: expected close marker for Object; an object has to be on one line, for example by"
            + " jq -c . FILE",
        "{\"a\": 1, \"a\": 2}| is not valid JSON: Duplicate field 'a'",
        "{\"a\": {\"b\": 1, \"b\": 2}}| is not valid JSON: Duplicate field 'b'",
        "{\"a\": nan}| is not valid JSON: Unrecognized token 'nan'"})
    void aBadLineIsNamed(String line, String problem) {
        assertTrue(refusal(line).startsWith("a.jsonl line 2" + (problem.startsWith(" ") ? "" : " ") + problem), refusal(line));
    }

    /** The parser's own switches are of no use to anybody, and what cannot be seen is written out. */
    @Test
    void problemsAreInTheUsersWords() {
        for (String line : List.of("{\"a\": " + "[".repeat(2000), "{\"a\": " + "7".repeat(2000) + "}", "{\"a\": \u200b1}", "{\u009b31m}")) {
            String message = refusal(line);
            assertTrue(!message.contains("`") && !message.contains("java"), message);
        }
        assertEquals("a.jsonl line 2 is not valid JSON: Number value length (2000) exceeds the maximum allowed (1000)",
                refusal("{\"a\": " + "7".repeat(2000) + "}"));
        assertTrue(refusal("{\"a\": \u200b1}").contains("'\\u200b'"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"c0af", "c1bf", "e080af", "f08080af", "eda080", "edb080", "edaf80edb080", "f4908080", "e282", "ff"})
    void bytesThatAreNoStrictUtf8AreRefused(String hex) {
        byte[] content = Packed.join("{}\n{\"text\": \"".getBytes(StandardCharsets.UTF_8), HexFormat.of().parseHex(hex),
                "\"}\n".getBytes(StandardCharsets.UTF_8));
        assertEquals("a.jsonl line 2 is not text in UTF-8: convert the file, or leave the line out", refusal(content));
    }

    @Test
    void aLineIsBoundedWhateverItUnpacksTo() throws IOException {
        Path file = folder.resolve("a.jsonl.gz");
        try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(file))) {
            out.write("{\"n\": 1}\n{\"text\": \"".getBytes(StandardCharsets.UTF_8));
            byte[] piece = "x".repeat(1 << 20).getBytes(StandardCharsets.UTF_8);
            for (int i = 0; i < 65; i++) {
                out.write(piece);
            }
        }
        assertEquals(file + " line 2 is longer than 64 MiB: split the document, or store it as a plain text file",
                assertThrows(InvalidInputException.class, () -> read(file)).getMessage());
    }

    @Test
    void damageIsNamedWithItsLine() throws IOException {
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < 20_000; i++) {
            lines.append("{\"n\": ").append(i * 7919).append("}\n");
        }
        byte[] whole = Packed.as("a.jsonl.gz", List.of(lines.toString()));
        Path file = Files.write(folder.resolve("a.jsonl.gz"), Arrays.copyOf(whole, whole.length - 1));
        String message = assertThrows(InvalidInputException.class, () -> read(file)).getMessage().replace(file.toString(), "FILE");
        assertTrue(message.matches("FILE after line \\d+ is truncated: its compressed data end too early; get the whole file again"),
                message);
    }
}
