package ai.spattention.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledForJreRange;
import org.junit.jupiter.api.io.TempDir;

@DisabledForJreRange(minVersion = 24, disabledReason = "the Hadoop of Spark 3.5 and 4.0 asks for what Java 24 has removed")
class SparkPrepareTest {

    @TempDir
    private Path folder;

    private void writeInputs() throws IOException {
        for (int file = 0; file < 5; file++) {
            StringBuilder lines = new StringBuilder();
            for (int i = 0; i < 40 + 13 * file; i++) {
                lines.append("{\"id\": \"n").append(i).append("\", \"text\": \"").append(file).append(" d").append(i)
                        .append(" word".repeat((file + i * 37) % 23)).append("\"}\n");
            }
            Path plain = folder.resolve("in/sub" + file % 2 + "/" + file + ".jsonl");
            Files.createDirectories(plain.getParent());
            if (file % 2 == 0) {
                Files.writeString(plain, lines);
            } else {
                try (GZIPOutputStream out = new GZIPOutputStream(Files.newOutputStream(plain.resolveSibling(file + ".jsonl.gz")))) {
                    out.write(lines.toString().getBytes(StandardCharsets.UTF_8));
                }
            }
        }
        Files.writeString(folder.resolve("in/.hidden"), "not read");
        Files.writeString(folder.resolve("held.txt"), "held out");
    }

    private List<String> options(String output, String... more) {
        List<String> options = new ArrayList<>(List.of(folder.resolve("in").toString(), "--tokenizer", "bytes", "--validation",
                "own=" + folder.resolve("held.txt"), "--validation-fraction", "0.1", "--seed", "3", "--shard-tokens", "3000",
                "--unit-bytes", "4000", "--output", folder.resolve(output).toString()));
        options.addAll(List.of(more));
        return options;
    }

    private Submission prepare(String output) throws IOException {
        List<String> options = options(output, "--spattn", Submission.spattn());
        return Submission.run("local[2]", new SparkPrepare(), options.toArray(String[]::new));
    }

    private static Map<String, String> contents(Path folder) throws IOException {
        Map<String, String> contents = new TreeMap<>();
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : (Iterable<Path>) files.filter(Files::isRegularFile)::iterator) {
                contents.put(folder.relativize(file).toString(), new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1));
            }
        }
        return contents;
    }

    /** Also after bad input, a damaged unit and files that were moved already. */
    @Test
    void whatItWritesIsWhatPrepareWrites() throws IOException {
        writeInputs();
        List<String> local = new ArrayList<>(List.of("prepare"));
        local.addAll(options("local", "--workers", "3"));
        Submission.spattn(local.toArray(String[]::new));
        Map<String, String> expected = contents(folder.resolve("local"));
        assertTrue(expected.get("manifest.json").contains("\"units\" : \"4\""), expected.get("manifest.json"));
        assertTrue(expected.containsKey("validation-own/part-00000.npy"));

        Path bad = folder.resolve("in/sub0/4.jsonl");
        String good = Files.readString(bad);
        Files.writeString(bad, good.replace("{\"id\": \"n7\"", "{\"id\": 'n7' "));
        Submission refused = prepare("out");
        assertEquals(2, refused.code(), refused.err());
        assertTrue(refused.lastLine().startsWith("spattn: " + bad + " line 8 is not valid JSON"), refused.lastLine());
        assertFalse(Files.exists(folder.resolve("out/manifest.json")));

        Files.writeString(bad, good);
        Submission whole = prepare("out");
        assertEquals(0, whole.code(), whole.err());
        assertEquals(expected, contents(folder.resolve("out")));
        assertEquals("spattn: " + folder.resolve("out") + " holds prepared data already: choose another folder, or delete it",
                prepare("out").lastLine());
    }

    /** Where files have to be copied to the workers, and the tokenizer, too. */
    @Test
    void filesElsewhereAreStaged() throws IOException {
        for (int i = 0; i < 2; i++) {
            Files.createDirectories(folder.resolve("in"));
            Files.writeString(folder.resolve("in/" + i + ".txt"), ("text " + i + " ").repeat(300));
        }
        Submission.spattn("prepare", folder.resolve("in").toString(), "--tokenizer", "bytes", "--unit-bytes", "2000", "--validation-fraction", "0",
                "--output", folder.resolve("local").toString());
        System.setProperty("spark.hadoop.fs.other.impl", OtherFileSystem.class.getName());
        String other = "other:" + folder;
        Submission result = Submission.run("local[2]", new SparkPrepare(), other + "/in", "--tokenizer", other + "/local/tokenizer.json",
                "--unit-bytes", "2000", "--validation-fraction", "0", "--output", other + "/out/", "--spattn", Submission.spattn());
        assertEquals(0, result.code(), result.err());
        Map<String, String> local = contents(folder.resolve("local"));
        Map<String, String> out = contents(folder.resolve("out"));
        assertEquals(local.keySet(), out.keySet());
        for (String file : local.keySet()) {
            if (file.endsWith(".npy") || file.equals("tokenizer.json")) {
                assertEquals(local.get(file), out.get(file), file);
            }
        }
        assertEquals(local.get("manifest.json").replace(folder + "/in", other + "/in"), out.get("manifest.json"));
        String table = new String(new GZIPInputStream(Files.newInputStream(folder.resolve("out/train/part-00000.csv.gz"))).readAllBytes(),
                StandardCharsets.UTF_8);
        assertTrue(table.contains(",other:" + folder + "/in/"), table);
    }
}
