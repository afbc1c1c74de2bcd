package ai.spattention.train.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.olmoe.tokenizer.ByteTokenizer;
import ai.spattention.train.SmallData;
import ai.spattention.train.data.source.SourceFiles;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PrepareCommandTest {

    @TempDir
    private Path folder;

    private String[] prepare(String input, String... more) {
        List<String> arguments = new ArrayList<>(List.of("prepare", folder.resolve(input).toString(), "--tokenizer", "bytes",
                "--output", folder.resolve("out").toString()));
        arguments.addAll(List.of(more));
        return arguments.toArray(String[]::new);
    }

    @Test
    void whatItPreparesCanBeTrainedOn() throws IOException {
        Path data = folder.resolve("data");
        Cli result = Cli.ok("prepare", "src/main/java", "--tokenizer", "bytes", "--output", data.toString(),
                "--validation-fraction", "0.2", "--shard-tokens", "50000", "--threads", "2");
        assertTrue(result.out().contains("MB/s on 2 threads"), result.out());
        List<String> arguments = new ArrayList<>(List.of("train", "--config", "quickstart", "--device", "cpu",
                "--output", folder.resolve("run").toString()));
        SmallData.arguments(data).forEach(setting -> arguments.addAll(List.of("--set", setting)));
        assertTrue(Cli.ok(arguments.toArray(String[]::new)).out().contains("validation loss"));
    }

    /** Text that looks like the end of a document stays text, and long documents are not cut. */
    @Test
    void aTokenizerOfHuggingFaceEncodesOrdinaryText() throws IOException {
        Path tokenizer = Files.writeString(folder.resolve("tokenizer.json"), new ByteTokenizer().toJson()
                .replace("\"id\" : 256", "\"id\" : 257")
                .replace("\"vocab\" : {", "\"vocab\" : { \"ab\" : 256,")
                .replace("\"merges\" : [ ]", "\"merges\" : [ \"a b\" ]"));
        SourceFiles.write(folder.resolve("in/a.txt.zst"), "ab<|endoftext|>" + "x".repeat(5000));
        Cli.ok("prepare", folder.resolve("in").toString(), "--tokenizer", tokenizer.toString(), "--output",
                folder.resolve("out").toString(), "--validation-fraction", "0");
        byte[] shard = Files.readAllBytes(folder.resolve("out/train/part-00000.npy"));
        assertEquals(2 * (1 + 13 + 5000 + 1), shard.length);
        assertArrayEquals(new byte[] {0, 1, '<', 0, '|', 0, 'e', 0}, Arrays.copyOf(shard, 8));
        assertArrayEquals(new byte[] {'x', 0, 1, 1}, Arrays.copyOfRange(shard, shard.length - 4, shard.length));
        JsonNode manifest = new ObjectMapper().readTree(folder.resolve("out/manifest.json").toFile());
        assertEquals(258, manifest.at("/tokenizer/vocab_size").intValue());
        assertEquals(-1, Files.mismatch(tokenizer, folder.resolve("out/tokenizer.json")));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        "good.txt                 | --validation-fraction=1   | --validation-fraction must be at least 0 and less than 1 (got 1.0)",
        "good.txt                 | --shard-tokens=0          | --shard-tokens must be at least 1 (got 0)",
        "good.txt                 | --threads=0               | --threads must be at least 1 (got 0)",
        "good.txt                 | --threads=many            | 'many' is not an int",
        "good.txt                 | --eos-id=5                | the byte tokenizer ends documents with the id 256, no other can be chosen (got 5)",
        "good.txt                 | --field=                  | --field must not be empty: name the field that holds the text",
        "absent.txt               | --seed=1                  | there is no file or folder FOLDER/absent.txt",
        "*.parquet                | --seed=1                  | no file matches the pattern FOLDER/*.parquet",
        "bad.jsonl                | --seed=1                  | FOLDER/bad.jsonl line 2 has no field 'text': name the field that holds the text with --field",
        "bad.jsonl                | --field=other             | FOLDER/bad.jsonl line 1 has no field 'other': name the field that holds the text with --field",
        "cut.txt.gz               | --seed=1                  | FOLDER/cut.txt.gz is truncated: its compressed data end too early; get the whole file again",
        "empty.txt                | --seed=1                  | there is no text to learn from: the input holds 1 documents, all of them empty"})
    void badInputIsRefusedInOneLine(String input, String option, String message) throws IOException {
        SourceFiles.write(folder.resolve("good.txt"), "good");
        SourceFiles.write(folder.resolve("empty.txt"), "");
        SourceFiles.write(folder.resolve("bad.jsonl"), "{\"text\": \"a\"}\n{\"body\": \"a\"}\n");
        byte[] whole = Files.readAllBytes(SourceFiles.write(folder.resolve("cut.txt.gz"), "text"));
        Files.write(folder.resolve("cut.txt.gz"), Arrays.copyOf(whole, whole.length - 3));
        String refused = Cli.refused(prepare(input, option)).replace(folder.toString(), "FOLDER");
        assertTrue(refused.endsWith(message), refused);
        assertFalse(Files.exists(folder.resolve("out/manifest.json")));
        Cli.ok(prepare("good.txt")); // nothing stands in the way of another try
    }

    @Test
    void aFinishedFolderIsRefused() throws IOException {
        SourceFiles.write(folder.resolve("good.txt"), "good");
        Cli.ok(prepare("good.txt"));
        assertEquals("spattn: " + folder.resolve("out") + " holds prepared data already: choose another folder, or delete it",
                Cli.refused(prepare("good.txt")));
    }

    @Test
    void theBenchmarkComparesWithTheTokenizer() throws IOException {
        SourceFiles.write(folder.resolve("a.txt"), "some text\n".repeat(5000));
        Path json = folder.resolve("bench.json");
        Cli result = Cli.ok("bench", "prepare", folder.resolve("a.txt").toString(), "--tokenizer", "bytes", "--validation-fraction",
                "0", "--repetitions", "3", "--output", json.toString());
        assertEquals(6, result.out().lines().count(), result.out());
        JsonNode root = new ObjectMapper().readTree(json.toFile());
        assertEquals(50_000, root.get("text_bytes").longValue());
        assertEquals(3, root.get("rounds").size());
        assertEquals(root.get("prepare_mb_per_second").doubleValue() / root.get("tokenizer_mb_per_second").doubleValue(),
                root.get("ratio").doubleValue(), 1e-9);
    }
}
