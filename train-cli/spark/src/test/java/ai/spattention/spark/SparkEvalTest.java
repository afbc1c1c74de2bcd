package ai.spattention.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledForJreRange;
import org.junit.jupiter.api.io.TempDir;

/** An evaluation on Spark, within this machine: with the real program, and with one that is made up, to let it fail. */
@DisabledForJreRange(minVersion = 24, disabledReason = "the Hadoop of Spark 3.5 and 4.0 asks for what Java 24 has removed")
class SparkEvalTest {

    @TempDir
    private Path folder;

    private Path output;

    @BeforeEach
    void nameTheOutput() {
        output = folder.resolve("out/results.json");
    }

    private Submission run(String place, List<String> options, String... arguments) {
        List<String> all = new ArrayList<>(List.of("--spattn", place, "--output", output.toString()));
        all.addAll(options);
        all.add("--");
        all.addAll(List.of(arguments));
        return Submission.run("local[2,3]", new SparkEval(), all.toArray(String[]::new));
    }

    private static void assertEnds(int code, String line, Submission submission) {
        assertEquals(line, submission.lastLine());
        assertEquals(code, submission.code());
    }

    private List<String> left() throws IOException {
        try (Stream<Path> files = Files.list(output.getParent())) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    /** A program that leaves its arguments as a part's scores; the parts together are the results. */
    private String madeUp(String first) throws IOException {
        return Submission.script(folder.resolve("spattn"), """
                all="$*"
                while [ $# -gt 0 ]; do
                  case "$1" in --output) output=$2 ;; --part) part=$2 ;; esac
                  shift
                done""", first, """
                if [ -n "$part" ]; then
                  echo "${all%% --output*} --part $part" > "$output.part-${part%/*}-of-${part#*/}"
                else
                  cat "$output".part-* > "$output"
                fi""").toString();
    }

    @Test
    void aKilledPartIsComputedAgainAndAFinishedOneIsNot() throws IOException {
        String place = madeUp("[ \"$part\" = 2/3 ] && [ ! -e " + folder + "/killed ] && touch " + folder + "/killed && kill -9 $$");
        Files.createDirectories(output.getParent());
        Files.writeString(output.resolveSibling("results.json.part-3-of-3"), "of a job before\n");
        assertEnds(0, "results: " + output, run(place, List.of("--parts", "3", "--device", "cpu"), "--model", "m", "--task", "t"));
        assertTrue(Files.exists(folder.resolve("killed")));
        String each = "eval --model m --task t --device cpu --part ";
        assertEquals(each + "1/3\n" + each + "2/3\nof a job before\n", Files.readString(output));
        assertEquals(List.of("results.json"), left());

        assertEnds(2, "spattn: --output " + output + " exists already: name another file, or add --overwrite to replace it",
                run(place, List.of(), "--task", "t"));
        assertEquals(0, run(place, List.of("--overwrite", "--parts", "1"), "--task", "u").code());
        assertEquals("eval --task u --part 1/1\n", Files.readString(output));
    }

    @Test
    void failuresAreOneLine() throws IOException {
        assertEnds(1, "spattn: part 1/1 ended with exit code 1: the disk is full",
                run(madeUp("echo 'spattn: the disk is full' >&2; exit 1"), List.of("--parts", "1"), "--task", "t"));
        assertEnds(2, "spattn: there is no task 't'",
                run(madeUp("echo 'spattn: there is no task '\"'t'\" >&2; exit 2"), List.of("--parts", "2"), "--task", "t"));
        assertEnds(2, "spattn: merge ended with exit code 2: the parts hold too little",
                run(madeUp("[ -z \"$part\" ] && echo 'spattn: the parts hold too little' >&2 && exit 2"), List.of("--parts", "2"), "--task", "t"));
        assertEquals(List.of("results.json.part-1-of-2", "results.json.part-2-of-2"), left());
        assertEnds(2, "spattn: --parts must be at least 1 (got 0)", run(folder.toString(), List.of("--parts", "0"), "--task", "t"));
        assertTrue(run(folder.toString(), List.of(), "--task", "t", "--samples=x").lastLine().startsWith("spattn: --samples cannot follow --"));
        assertFalse(Files.exists(output));
    }

    @Test
    void resultsAreThoseOfOneProcess() throws Exception {
        String place = Submission.spattn();
        Path model = Files.createDirectories(folder.resolve("model"));
        Path golden = Path.of("../../olmoe-djl/src/test/resources/ai/spattention/olmoe/golden");
        for (String file : List.of("config.json", "model.safetensors")) {
            Files.copy(golden.resolve(file), model.resolve(file));
        }
        Files.writeString(model.resolve("tokenizer.json"), byteTokenizer(place));
        Path data = Files.createDirectories(folder.resolve("data/piqa"));
        StringBuilder rows = new StringBuilder();
        for (int row = 0; row < 20; row++) {
            rows.append("{\"goal\":\"%s\",\"sol1\":\"pull\",\"sol2\":\"%s\",\"label\":%d}%n".formatted("go".repeat(row % 7), "ab".repeat(1 + row % 4), row % 2));
        }
        Files.writeString(data.resolve("validation.jsonl"), rows);
        String[] arguments = {"--model", model.toString(), "--task", "piqa", "--data", data.getParent().toString(), "--batch-tokens", "128"};
        assertEquals(0, run(place, List.of("--parts", "2", "--device", "cpu"), arguments).code());
        assertEquals(List.of("results.json"), left());

        Path one = folder.resolve("one.json");
        List<String> command = new ArrayList<>(List.of("eval", "--device", "cpu", "--output", one.toString()));
        command.addAll(List.of(arguments));
        Submission.spattn(command.toArray(String[]::new));
        assertEquals(Files.readString(one), Files.readString(output));
    }

    /** The tokenizer of the command line's own, which this module does not see. */
    private static String byteTokenizer(String place) throws Exception {
        List<URL> jars = new ArrayList<>();
        for (String jar : place.split(File.pathSeparator)) {
            jars.add(Path.of(jar).toUri().toURL());
        }
        try (URLClassLoader loader = new URLClassLoader(jars.toArray(URL[]::new), ClassLoader.getPlatformClassLoader())) {
            Object tokenizer = loader.loadClass("ai.spattention.olmoe.tokenizer.ByteTokenizer").getConstructor().newInstance();
            return (String) tokenizer.getClass().getMethod("toJson").invoke(tokenizer);
        }
    }
}
