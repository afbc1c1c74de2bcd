package ai.spattention.eval.probe;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import ai.spattention.common.InvalidInputException;
import ai.spattention.eval.measure.Bin;
import ai.spattention.eval.measure.Moments;
import ai.spattention.eval.score.KeepingScorer;
import ai.spattention.olmoe.tokenizer.ByteTokenizer;
import ai.spattention.pattern.LayoutLength;
import java.io.IOException;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What a run puts together, with losses that follow from the target and the layout. */
class ProbeRunTest {

    private static final int LENGTH = 100;
    private static final long[] IDS = new Random(2).ints(1_050, 'a', 'a' + 20).asLongStream().toArray();
    private static final HeldOutText TEXT = new TokenText("mine", IDS, ByteTokenizer.EOS, false);

    private final List<Integer> batches = new ArrayList<>();
    private final List<String> shown = new ArrayList<>();

    private static float loss(long target, LayoutLength layout) {
        return (target - 'a') / 16f + layout.fixed() / 1024f;
    }

    private ProbeRun run(LayoutLength layout, String... settings) throws IOException {
        ProbedModel model = new ProbedModel(8, layout, layout.isSequence() ? LayoutLength.of(LENGTH) : layout, own -> windows -> {
            batches.add(windows.size() * windows.get(0).length());
            return windows.stream().map(window -> {
                float[] losses = new float[window.length()];
                for (int i = 0; i < losses.length; i++) {
                    losses[i] = window.target(i) < 0 ? Float.NaN : loss(window.target(i), own);
                }
                return losses;
            }).toList();
        });
        TrainingCounts counts = TrainingCounts.of("data", 257, 0.9, part -> part.accept(IDS));
        KeepingScorer.Progress progress = (what, done, total) -> {
            shown.add(what + ": " + total);
            return new KeepingScorer.Progress.Shown() {
                private long last = done;

                @Override
                public void accept(long now) {
                    last = now;
                }

                @Override
                public void close() {
                    assertEquals(total, last, what);
                }
            };
        };
        return new ProbeRun(model, ProbeSettings.of(List.of(settings)), new ByteTokenizer(), counts, 350, progress);
    }

    private static Moments expected(int from, int count, LayoutLength layout) {
        return Moments.of(IntStream.range(from + 1, from + 1 + count).mapToDouble(i -> loss(IDS[i], layout)).toArray());
    }

    private static Moments sum(ProbeResult result) {
        return result.bins().stream().map(Bin::moments).reduce(Moments.NONE, Moments::plus);
    }

    @Test
    void oneReadingServesLossPositionAndRecall() throws IOException {
        Set<ProbeName> probes = EnumSet.of(ProbeName.LOSS, ProbeName.POSITION, ProbeName.RECALL);
        List<ProbeResult> results = run(LayoutLength.of(77)).run(probes, TEXT, LENGTH, 7);
        assertEquals(List.of("mine: 7"), shown.stream().map(line -> line.replace("probing ", "")).toList());
        assertEquals(List.of(300, 300, 100), batches, "three windows are the most that 350 tokens hold");
        assertEquals(List.of("loss loss", "loss bits_per_byte", "position loss", "recall loss"),
                results.stream().map(result -> result.probe() + " " + result.measure()).toList());
        Moments whole = expected(0, 700, LayoutLength.of(77));
        for (int i : new int[] {0, 2, 3}) {
            assertEquals(700, sum(results.get(i)).n());
            assertEquals(whole.sum(), sum(results.get(i)).sum(), 1e-9);
            assertEquals(whole.sumOfSquares(), sum(results.get(i)).sumOfSquares(), 1e-9);
            assertEquals("77", results.get(i).layout());
            assertEquals("7", results.get(i).settings().get("windows"));
        }
        assertEquals(whole.mean() / Math.log(2), sum(results.get(1)).mean(), 1e-9, "a byte a token");
        assertEquals("10", results.get(3).settings().get("recall.width"), "a head's band of 77 distances over 8 heads");
        assertEquals(10 + 2, results.get(3).bins().size());
        assertEquals(7, results.get(3).bins().get(0).windows().size());
    }

    @Test
    void theBandFollowsTheLayoutOfTheSequence() throws IOException {
        List<ProbeResult> results = run(LayoutLength.SEQUENCE).run(Set.of(ProbeName.RECALL), TEXT, LENGTH, 1);
        assertEquals("13", results.get(0).settings().get("recall.width"));
        assertEquals("sequence", results.get(0).layout());
        results = run(LayoutLength.SEQUENCE, "recall.width=40").run(Set.of(ProbeName.RECALL), TEXT, LENGTH, 1);
        assertEquals(List.of("[0,40)", "[40,80)", "[80,100)"), results.get(0).bins().subList(0, 3).stream().map(Bin::label).toList());
    }

    /** The same stretch of text, as far as whole windows go, at each length that the text has, with both layouts. */
    @Test
    void otherLengthsReadTheSameTextWithBothLayouts() throws IOException {
        List<ProbeResult> results = run(LayoutLength.SEQUENCE, "length.lengths=30,100,400,2000").run(Set.of(ProbeName.LENGTH), TEXT, LENGTH, 7);
        assertEquals(List.of("30 100", "30 sequence", "100 100", "100 sequence", "400 100", "400 sequence"),
                results.stream().map(result -> result.length() + " " + result.layout()).toList());
        for (ProbeResult result : results) {
            int windows = 700 / result.length();
            LayoutLength layout = LayoutLength.parse(result.layout());
            assertEquals(Integer.toString(windows), result.settings().get("windows"));
            assertEquals(expected(0, windows * result.length(), layout).sum(), sum(result).sum(), 1e-9);
        }
        assertEquals("50", run(LayoutLength.of(50), "length.lengths=30").run(Set.of(ProbeName.LENGTH), TEXT, LENGTH, 7).get(0).layout(),
                "a layout that is fixed stays");
    }

    @Test
    void copiesAreScoredOnTheModelsLayout() throws IOException {
        List<ProbeResult> results = run(LayoutLength.of(9), "copy.sequences=2", "copy.tokens=10", "copy.commonest=15", "copy.distances=10,60,91")
                .run(Set.of(ProbeName.COPY), TEXT, LENGTH, 1);
        assertEquals(List.of("10", "60"), results.get(0).bins().stream().map(Bin::label).toList());
        assertEquals(new Moments(2 * 9, 0, 0), results.get(0).bins().get(1).moments(), "this model looks at no context");
        assertEquals("9", results.get(0).layout());
        assertEquals("10,60,91", results.get(0).settings().get("copy.distances"));
        assertEquals(List.of("probing copies: 4"), shown);
    }

    @Test
    void whatDoesNotFitIsRefusedBeforeAnythingIsAsked() {
        assertEquals("mine has no window of 1050 tokens and the token after it to probe: choose a smaller length, or a longer text",
                message(Set.of(ProbeName.LOSS), 1050));
        assertEquals("the probe length has no length that mine is long enough for (got 2000,3000): choose a smaller one by length.lengths,"
                + " or leave the probe out", message(Set.of(ProbeName.LENGTH), LENGTH, "length.lengths=2000,3000"));
        assertEquals("the probe copy needs a window of at least 64 tokens: a copy of 32 and the shortest distance, 32 (got 50): choose"
                + " smaller copy.tokens and copy.distances, or leave the probe out", message(EnumSet.allOf(ProbeName.class), 50));
        assertEquals(List.of(), batches);
    }

    private String message(Set<ProbeName> probes, int length, String... settings) {
        return assertThrows(InvalidInputException.class, () -> run(LayoutLength.SEQUENCE, settings).run(probes, TEXT, length, 5)).getMessage();
    }
}
