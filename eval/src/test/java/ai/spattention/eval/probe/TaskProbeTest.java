package ai.spattention.eval.probe;

import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.spattention.eval.Limit;
import ai.spattention.eval.data.DataFolder;
import ai.spattention.eval.measure.Bin;
import ai.spattention.eval.measure.Moments;
import ai.spattention.eval.score.PrefixToken;
import ai.spattention.eval.score.RequestEncoder;
import ai.spattention.eval.score.Score;
import ai.spattention.eval.score.Scorer;
import ai.spattention.eval.task.TaskCatalog;
import ai.spattention.eval.task.TaskGroup;
import ai.spattention.olmoe.tokenizer.ByteTokenizer;
import ai.spattention.pattern.LayoutLength;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.DoubleStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Bits and margins of answers whose letters have fixed prices. */
class TaskProbeTest {

    @TempDir
    private Path folder;

    private TaskProbe probe;

    @BeforeEach
    void makeProbe() {
        ByteTokenizer tokenizer = new ByteTokenizer();
        probe = new TaskProbe(new RequestEncoder(tokenizer, PrefixToken.endOfText(tokenizer), 64), layout -> scorer(layout),
                Limit.NONE, 0, 64);
    }

    /** A byte costs its value in bits, with the layout of the sequence twice that. */
    private static Scorer scorer(LayoutLength layout) {
        double nats = Math.log(2) * (layout.isSequence() ? 2 : 1);
        return (what, requests) -> requests.stream()
                .map(request -> new Score(-nats * Arrays.stream(request.targets()).sum(), request.targets().length == 4)).toList();
    }

    /** The cost of an answer: its bytes and the blank before it, over its bytes. */
    private static double bits(String text) {
        return (' ' + text.chars().sum()) / (double) text.length();
    }

    private List<ProbeResult> run(String task, LayoutLength... layouts) throws IOException {
        TaskGroup group = new TaskCatalog().find(task);
        return probe.run(List.of(group), DataFolder.open(folder), List.of(layouts));
    }

    private void put(String file, String text) throws IOException {
        Files.createDirectories(folder.resolve(file).getParent());
        Files.writeString(folder.resolve(file), text);
    }

    @Test
    void choicesHaveBitsMarginAndAccuracy() throws IOException {
        String row = "{\"goal\":\"Open it\",\"sol1\":\"%s\",\"sol2\":\"%s\",\"label\":%d}%n";
        put("piqa/validation.jsonl", row.formatted("ab", "cde", 0) + row.formatted("ab", "cde", 1) + row.formatted("x", "abc", 0));
        List<ProbeResult> results = run("piqa", LayoutLength.of(64), LayoutLength.SEQUENCE);
        assertEquals(List.of("bits_per_byte 64", "margin 64", "acc 64", "bits_per_byte sequence", "margin sequence", "acc sequence"),
                results.stream().map(result -> result.measure() + " " + result.layout()).toList());
        double[] right = {bits("ab"), bits("cde"), bits("x")};
        double[] wrong = {bits("cde"), bits("ab"), bits("abc")};
        assertValues(right, results.get(0));
        assertValues(new double[] {wrong[0] - right[0], wrong[1] - right[1], wrong[2] - right[2]}, results.get(1));
        assertValues(new double[] {1, 0, 1}, results.get(2)); // by the sum of log-likelihoods, the shorter ones
        assertValues(DoubleStream.of(right).map(bits -> 2 * bits).toArray(), results.get(3));
        assertEquals("piqa", results.get(0).text());
        assertEquals("tasks", results.get(0).probe());
        assertEquals(64, results.get(0).length());
    }

    /** The nearest wrong answer of several. */
    @Test
    void theMarginIsToTheBestWrongAnswer() throws IOException {
        put("mine/test.jsonl", "{\"options\":[\"zz\",\"bb\",\"aa\",\"cc\"],\"gold\":1}\n");
        put("mine.yaml", "task: mine\nversion: \"1\"\nkind: multiple_choice\nevaluate: [test]\nprompt: \"Q:\"\nchoices: options\n"
                + "gold: \"{{ gold }}\"\nmetrics: [acc]\n");
        List<ProbeResult> results = run(folder.resolve("mine.yaml").toString(), LayoutLength.of(8));
        assertValues(new double[] {bits("aa") - bits("bb")}, results.get(1));
    }

    @Test
    void aContinuationHasNoMargin() throws IOException {
        put("lambada/test.jsonl", "{\"text\":\"one two abc\"}\n{\"text\":\"one two ab\"}\n");
        List<ProbeResult> results = run("lambada", LayoutLength.of(8));
        assertEquals(List.of("bits_per_byte", "acc"), results.stream().map(ProbeResult::measure).toList());
        assertValues(new double[] {bits("abc"), bits("ab")}, results.get(0));
        assertValues(new double[] {1, 0}, results.get(1));
    }

    private static void assertValues(double[] expected, ProbeResult result) {
        Bin bin = result.bins().get(0);
        assertEquals(Moments.of(expected).n(), bin.moments().n());
        assertEquals(Moments.of(expected).sum(), bin.moments().sum(), 1e-9);
        assertEquals(Moments.of(expected).sumOfSquares(), bin.moments().sumOfSquares(), 1e-6);
        for (int i = 0; i < expected.length; i++) {
            assertEquals(expected[i], bin.windows().mean().get(i), 1e-4 * Math.abs(expected[i]));
        }
    }
}
