package ai.spattention.train.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import ai.spattention.common.InvalidInputException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MetricsTest {

    private static final String ONE = "{\"step\":1,\"tokens\":512,\"loss\":5.5,\"loss_aux\":1.25,\"loss_z\":4.0,"
            + "\"gradient_norm\":0.75,\"learning_rate\":1.0E-4,\"tokens_per_second\":1024.0,\"time_s\":0.5}\n";

    private static final Consumer<String> NO_NOTE = note -> fail(note);

    @TempDir
    Path folder;

    @Test
    void writesOneObjectALine() throws IOException {
        Path file = folder.resolve("metrics.jsonl");
        try (MetricsWriter writer = MetricsWriter.create(file)) {
            writer.write(step(1).build());
            assertEquals(ONE, Files.readString(file), "written before the file is closed");
            writer.write(step(2).optValidationLoss(3.5).optTaskScores(Map.of("piqa", Map.of("acc", 0.5))).optUtilisation(0.25)
                    .optMemoryMb(100).optGpuMemoryMb(2000).optStepSeconds(1.5, 1.25).optCheckpointSeconds(0.25)
                    .optExpertLoad(new long[][] {{1, 3}, {0, 0}}).build());
        }
        assertEquals(ONE + "{\"step\":2,\"tokens\":1024,\"loss\":5.5,\"loss_aux\":1.25,\"loss_z\":4.0,"
                + "\"gradient_norm\":0.75,\"learning_rate\":1.0E-4,\"tokens_per_second\":1024.0,\"time_s\":1.0,"
                + "\"validation_loss\":3.5,\"tasks\":{\"piqa\":{\"acc\":0.5}},\"model_flop_utilisation\":0.25,\"memory_mb\":100.0,"
                + "\"gpu_memory_mb\":2000.0,\"step_seconds_slowest\":1.5,\"step_seconds_median\":1.25,\"checkpoint_seconds\":0.25,"
                + "\"expert_load\":[[0.25,0.75],[0.0,0.0]]}\n",
                Files.readString(file));
    }

    @Property(tries = 200)
    void readsBackWhatWasWritten(@ForAll @LongRange(min = 1) long step, @ForAll @LongRange(min = 0) long tokens,
            @ForAll double one, @ForAll double two, @ForAll boolean some) throws IOException {
        Path file = Files.createTempFile("metrics", ".jsonl");
        Files.delete(file);
        StepMetrics.Builder builder = StepMetrics.builder().setStep(step).setTokens(tokens).setTimeSeconds(one)
                .setLosses(two, one, Double.NaN).setGradientNorm(Double.POSITIVE_INFINITY).setLearningRate(two)
                .setTokensPerSecond(1 / one);
        if (some) {
            builder.optHeldOut(heldOut(one, two)).optUtilisation(one).optMemoryMb(one).optGpuMemoryMb(two).optStepSeconds(finite(two), finite(one))
                    .optTaskScores(Map.of("a task", Map.of("acc", one), "none", Map.of())).optExpertLoad(new long[][] {{step % 1000, 1, 0}, {1, 1, 1}});
        }
        StepMetrics metrics = builder.build();
        try (MetricsWriter writer = MetricsWriter.create(file)) {
            writer.write(metrics);
            StepMetrics read = MetricsReader.read(file).get(0);
            assertEquals(finite(metrics).toString(), read.toString());
        } finally {
            Files.delete(file);
        }
    }

    @Test
    void aNewRunDoesNotWriteIntoAnotherOnesMetrics() throws IOException {
        Path file = Files.writeString(folder.resolve("metrics.jsonl"), ONE);
        assertEquals(file + " exists: it is from another run; resume that run, or choose another folder",
                assertThrows(InvalidInputException.class, () -> MetricsWriter.create(file)).getMessage());
        assertEquals(ONE, Files.readString(file));
    }

    @Test
    void resumingDropsLaterStepsSoThatNoneIsThereTwice() throws IOException {
        Path file = folder.resolve("metrics.jsonl");
        try (MetricsWriter writer = MetricsWriter.create(file)) {
            for (int step = 1; step <= 10; step++) {
                writer.write(step(step).build());
            }
        }
        try (MetricsWriter writer = MetricsWriter.resume(file, 6, NO_NOTE)) {
            assertEquals(List.of(1L, 2L, 3L, 4L, 5L, 6L), steps(file));
            writer.write(step(7).setGradientNorm(9).build());
        }
        assertEquals(List.of(1L, 2L, 3L, 4L, 5L, 6L, 7L), steps(file));
        assertEquals(9, MetricsReader.read(file).get(6).gradientNorm());
        MetricsWriter.resume(file, 100, NO_NOTE).close();
        assertEquals(7, steps(file).size());
        MetricsWriter.resume(file, 0, NO_NOTE).close();
        assertEquals("", Files.readString(file));
        Files.delete(file);
        MetricsWriter.resume(file, 3, NO_NOTE).close();
        assertEquals(List.of(), steps(file));
    }

    @Test
    void somebodysFileIsNotCutThroughALink() throws IOException {
        Path theirs = Files.writeString(folder.resolve("theirs"), ONE);
        Path link = Files.createSymbolicLink(folder.resolve("metrics.jsonl"), theirs);
        assertEquals("cannot write " + link + ": it is a symbolic link, and what that leads to would be changed; remove the link",
                assertThrows(InvalidInputException.class, () -> MetricsWriter.resume(link, 0, NO_NOTE)).getMessage());
        assertEquals(ONE, Files.readString(theirs));
    }

    @Test
    void aFileCutAnywhereIsReadAndResumedUpToItsLastWholeLine() throws IOException {
        Path whole = folder.resolve("whole.jsonl");
        try (MetricsWriter writer = MetricsWriter.create(whole)) {
            for (int step = 1; step <= 3; step++) {
                writer.write(step(step).build());
            }
        }
        byte[] bytes = Files.readAllBytes(whole);
        Path cut = folder.resolve("cut.jsonl");
        for (int length = 0; length <= bytes.length; length++) {
            Files.write(cut, Arrays.copyOf(bytes, length));
            int lines = (int) new String(bytes, 0, length, StandardCharsets.UTF_8).chars().filter(c -> c == '\n').count();
            assertEquals(lines, MetricsReader.read(cut).size());
            try (MetricsWriter writer = MetricsWriter.resume(cut, 2, NO_NOTE)) {
                writer.write(step(50).build());
            }
            List<Long> expected = List.of(1L, 2L).subList(0, Math.min(2, lines));
            assertEquals(expected, steps(cut).subList(0, expected.size()));
            assertEquals(expected.size() + 1, steps(cut).size());
        }
    }

    /** Line by line: its step, or what stands in its place. */
    private Path linesOf(Object... lines) throws IOException {
        StringBuilder text = new StringBuilder();
        for (Object line : lines) {
            text.append(line instanceof Integer step ? step(step).build().toLine() : line).append('\n');
        }
        return Files.writeString(folder.resolve("metrics.jsonl"), text);
    }

    @Test
    void damagedLinesAreSetAsideAndTheOthersStay() throws IOException {
        String cut = "{\"step\":3,\"tok";
        String text = step(5).build().toLine().replace("5.5", "\"5.5\"");
        String far = step(90).build().toLine(); // the 9 had been a step's only digit
        Path file = linesOf(1, 2, cut, 4, text, 6, far, "\0\0\0", 8, 7, 9, 10, "{}", 11);
        List<String> notes = new ArrayList<>();
        try (MetricsWriter writer = MetricsWriter.resume(file, 9, notes::add)) {
            writer.write(step(10).build());
        }
        assertEquals(List.of(1L, 2L, 4L, 6L, 8L, 9L, 10L), steps(file));
        Path aside = folder.resolve("metrics.jsonl.damaged");
        assertEquals(String.join("\n", cut, text, far, "\0\0\0", step(7).build().toLine(), "{}") + "\n", Files.readString(aside));
        assertEquals(1, notes.size());
        assertTrue(notes.get(0).startsWith("warning: 6 damaged lines were moved from " + file + " to " + aside + ", the others stay: "
                + file + ":3: this is not JSON"), notes.get(0));
        assertEquals(1, notes.get(0).lines().count());
        MetricsWriter.resume(file, 9, NO_NOTE).close();
        assertEquals(6, steps(file).size());
    }

    @Test
    void damagedSamplesAreSetAside() throws IOException {
        Path file = Files.writeString(folder.resolve("samples.jsonl"), "{\"step\":1,\"prompt\":\"\",\"text\":3}\n"
                + "{\"step\":2,\"prompt\":\"\",\"text\":\"a\"}\n{\"step\":2,\"prompt\":\"\",\"text\":\"b\"}\n");
        List<String> notes = new ArrayList<>();
        SampleWriter.resume(file, 2, notes::add).close();
        assertEquals(List.of(new TextSample(2, "", "a"), new TextSample(2, "", "b")), SampleReader.read(file));
        assertTrue(notes.get(0).startsWith("warning: a damaged line was moved from "), notes.toString());
        assertTrue(notes.get(0).endsWith(file + ":1: text must be text (got 3)"), notes.toString());
    }

    @Test
    void aLineAndItsMetricsAreTheSame() {
        StepMetrics metrics = step(3).optExpertLoad(new long[][] {{1, 3}}).optMemoryMb(7).build();
        assertEquals(metrics, StepMetrics.ofLine(metrics.toLine()).build());
        assertThrows(InvalidInputException.class, () -> StepMetrics.ofLine("{}"));
    }

    @Test
    void stepsOnlyGrow() throws IOException {
        try (MetricsWriter writer = MetricsWriter.create(folder.resolve("metrics.jsonl"))) {
            writer.write(step(5).build());
            assertEquals("step 5 was written before: the last is 5",
                    assertThrows(IllegalArgumentException.class, () -> writer.write(step(5).build())).getMessage());
        }
        try (MetricsWriter writer = MetricsWriter.resume(folder.resolve("metrics.jsonl"), 5, NO_NOTE)) {
            assertThrows(IllegalArgumentException.class, () -> writer.write(step(4).build()));
        }
        assertThrows(IllegalStateException.class, () -> StepMetrics.builder().build());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        "{\"step\":2 | this is not JSON: Unexpected end-of-input: expected close marker for Object",
        "[2] | a line must hold a JSON object",
        "{} | step must be a whole number of at least 1 (got nothing)",
        "{\"step\":\"x\"} | step must be a whole number of at least 1 (got \"x\")",
        "{\"step\":0} | step must be a whole number of at least 1 (got 0)",
        "{\"step\":2,\"step\":3} | this is not JSON: Duplicate field 'step'",
        "{\"step\":2} {} | this is not JSON: Trailing token",
        "{\"step\":2,\"tokens\":1} | time_s must be a number or null (got nothing)",
        "{\"step\":1,\"tokens\":1,\"time_s\":0,\"loss\":0,\"loss_aux\":0,\"loss_z\":0,\"gradient_norm\":0,"
                + "\"learning_rate\":0,\"tokens_per_second\":0} | step 1 comes after step 1: steps must grow",
        "{\"step\":2,\"tokens\":1,\"time_s\":0,\"loss\":0,\"loss_aux\":0,\"loss_z\":0,\"gradient_norm\":0,"
                + "\"learning_rate\":0,\"tokens_per_second\":0,\"expert_load\":[[2]]} |"
                + " expert_load must hold shares from 0 to 1 (got 2)",
        "{\"step\":2,\"tokens\":1,\"time_s\":0,\"loss\":0,\"loss_aux\":0,\"loss_z\":0,\"gradient_norm\":0,"
                + "\"learning_rate\":0,\"tokens_per_second\":0,\"tasks\":{\"piqa\":3}} |"
                + " the task \"piqa\" must be an object (got 3)",
        "{\"step\":2,\"tokens\":1,\"time_s\":0,\"loss\":1e999 | this is not JSON",
        "{\"step\":2,\"tokens\":1,\"time_s\":0,\"loss\":1e999} | loss must be a number or null (got ",
        "{\"step\":2,\"tokens\":1,\"time_s\":0,\"loss\":NaN} | this is not JSON",
        "{\"step\":2,\"tokens\":1,\"time_s\":0,\"loss\":\"1\"} | loss must be a number or null (got \"1\")",
        "{\"step\":2,\"tokens\":1,\"time_s\":0,\"loss\":0,\"loss_aux\":0,\"loss_z\":0,\"gradient_norm\":0,"
                + "\"learning_rate\":0,\"tokens_per_second\":0,\"expert_load\":3} |"
                + " expert_load must hold a list for each layer (got 3)",
    })
    void saysWhichLineIsBad(String line, String message) throws IOException {
        Path file = Files.writeString(folder.resolve("metrics.jsonl"), ONE + line + "\n" + ONE);
        String seen = assertThrows(InvalidInputException.class, () -> MetricsReader.read(file)).getMessage();
        assertTrue(seen.startsWith(file + ":2: " + message), seen);
        assertEquals(1, seen.lines().count());
    }

    @Test
    void keysOfLaterVersionsDoNotMatter() throws IOException {
        Path file = Files.writeString(folder.resolve("metrics.jsonl"), ONE.replace("}", ",\"later\":{\"a\":[1]}}"));
        assertEquals(5.5, MetricsReader.read(file).get(0).loss());
    }

    /** A limit on the size of files gives the same failure in the middle of a line as a full disk. */
    @Test
    void aFullDiskLeavesWholeLines() throws Exception {
        Path file = folder.resolve("metrics.jsonl");
        Process process = new ProcessBuilder("bash", "-c", "ulimit -f 3; exec \"$0\" -XX:-UsePerfData -cp \"$1\" \"$2\" \"$3\"",
                Path.of(System.getProperty("java.home"), "bin", "java").toString(), System.getProperty("java.class.path"),
                FillTheDisk.class.getName(), file.toString()).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertTrue(process.waitFor(1, TimeUnit.MINUTES));
        assertEquals("the disk is full: cannot write " + file + "; free some space or choose another folder",
                output.strip());
        assertTrue(Files.readString(file).endsWith("}\n"));
        assertTrue(steps(file).size() > 5 && Files.size(file) < 3 * 1024, () -> file.toFile().length() + " bytes");
    }

    /** Writes metrics until it cannot. */
    static final class FillTheDisk {

        private FillTheDisk() {}

        public static void main(String[] arguments) throws IOException {
            try (MetricsWriter writer = MetricsWriter.create(Path.of(arguments[0]))) {
                for (long step = 1; step < 1000; step++) {
                    writer.write(step(step).build());
                }
            } catch (InvalidInputException e) {
                System.out.println(e.getMessage());
            }
        }
    }

    @Test
    void samplesKeepTheirTextAndAreDroppedLikeSteps() throws IOException {
        Path file = folder.resolve("samples.jsonl");
        TextSample odd = new TextSample(3, "<b>\n\"", "line\r\n\u2028 \u0000 \ud83d\ude00");
        try (SampleWriter writer = SampleWriter.create(file)) {
            writer.write(new TextSample(1, "", "a"));
            writer.write(odd);
            writer.write(new TextSample(3, "p", "b"));
            writer.write(new TextSample(4, "p", "c"));
        }
        try (SampleWriter writer = SampleWriter.resume(file, 3, NO_NOTE)) {
            writer.write(new TextSample(5, "p", "d"));
        }
        assertEquals(List.of(new TextSample(1, "", "a"), odd, new TextSample(3, "p", "b"), new TextSample(5, "p", "d")),
                SampleReader.read(file));
        Files.writeString(file, "{\"step\":1,\"prompt\":\"\",\"text\":3}\n");
        assertEquals(file + ":1: text must be text (got 3)",
                assertThrows(InvalidInputException.class, () -> SampleReader.read(file)).getMessage());
    }

    @Test
    void expertLoadIsAShareAndItsEvennessAFraction() {
        assertEquals(List.of(List.of(0.33333, 0.66667), List.of(0.0, 1.0)),
                ExpertLoad.shares(new long[][] {{1, 2}, {0, 7}}));
        assertEquals(1, ExpertLoad.evenness(List.of(0.25, 0.25, 0.25, 0.25)), 1e-12);
        assertEquals(0.5, ExpertLoad.evenness(List.of(0.5, 0.5, 0.0, 0.0)), 1e-12);
        assertEquals(0, ExpertLoad.evenness(List.of(1.0, 0.0)), 1e-12);
        assertEquals(1, ExpertLoad.evenness(List.of(1.0)));
    }

    private static StepMetrics.Builder step(long step) {
        return StepMetrics.builder().setStep(step).setTokens(512 * step).setTimeSeconds(0.5 * step).setLosses(5.5, 1.25, 4)
                .setGradientNorm(0.75).setLearningRate(1e-4).setTokensPerSecond(1024);
    }

    private static List<Long> steps(Path file) throws IOException {
        return MetricsReader.read(file).stream().map(StepMetrics::step).toList();
    }

    private static Map<String, HeldOutLoss> heldOut(double one, double two) {
        Map<String, HeldOutLoss> heldOut = new LinkedHashMap<>();
        heldOut.put("validation", new HeldOutLoss(finite(two), OptionalDouble.of(finite(one))));
        heldOut.put("wiki", new HeldOutLoss(finite(one), OptionalDouble.empty()));
        heldOut.put("a.b-c", new HeldOutLoss(finite(one), OptionalDouble.of(finite(two))));
        return heldOut;
    }

    @Test
    void heldOutSetsHaveObjectsOfTheirOwn() {
        String line = step(2).optHeldOut(heldOut(0.5, 2)).build().toLine();
        assertTrue(line.contains("\"validation_loss\":2.0,\"validation_bits_per_byte\":0.5,\"validation\":{\"wiki\":{\"loss\":0.5},"
                + "\"a.b-c\":{\"loss\":0.5,\"bits_per_byte\":2.0}}"), line);
        assertEquals(2.0 / 4 / Math.log(2), HeldOutLoss.of(2, OptionalDouble.of(4)).bitsPerByte().orElseThrow());
    }

    private static StepMetrics finite(StepMetrics metrics) {
        return new StepMetrics(metrics.step(), metrics.tokens(), finite(metrics.timeSeconds()), finite(metrics.loss()),
                finite(metrics.lossAux()), finite(metrics.lossZ()), finite(metrics.gradientNorm()),
                finite(metrics.learningRate()), finite(metrics.tokensPerSecond()), metrics.heldOut(),
                metrics.taskScores(), metrics.utilisation(), metrics.memoryMb(), metrics.gpuMemoryMb(),
                metrics.slowestSeconds(), metrics.medianSeconds(), metrics.checkpointSeconds(), metrics.expertLoad());
    }

    private static double finite(double value) {
        return Double.isFinite(value) ? value : Double.NaN;
    }
}
