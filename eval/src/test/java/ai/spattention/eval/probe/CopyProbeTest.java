package ai.spattention.eval.probe;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.common.InvalidInputException;
import ai.spattention.eval.measure.Bin;
import ai.spattention.olmoe.loss.LanguageModelLoss;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/** The copy probe of a model with a hard-wired induction head of limited reach: its score has a closed form. */
class CopyProbeTest {

    private static final int LENGTH = 150;
    private static final int VOCABULARY = 300;
    private static final int EOS = 299;
    private static final double CERTAINTY = 0.9;

    /** Text of ids 200 to 289, copies of ids 0 to 99: a copy's tokens never stand in the text. */
    private static final HeldOutText TEXT = new TokenText("text", LongStream.range(0, 1000).map(i -> i % 7 == 0 ? EOS : 200 + i % 90)
            .toArray(), EOS, false);
    private static final int[] ALPHABET = IntStream.range(0, 100).toArray();

    /** Gives what followed the token when it last stood in reach the probability 0.9, all others the same; else all the same. */
    private static List<float[]> induction(List<TokenWindow> windows, int reach, Consumer<TokenWindow> watch) {
        List<float[]> losses = new ArrayList<>();
        for (TokenWindow window : windows) {
            watch.accept(window);
            float[] own = new float[window.length()];
            for (int query = 0; query < own.length; query++) {
                if (window.target(query) == LanguageModelLoss.NO_TARGET) {
                    own[query] = Float.NaN;
                    continue;
                }
                double probability = 1.0 / VOCABULARY;
                for (int answer = query; answer >= 1; answer--) {
                    if (window.input(answer - 1) == window.input(query)) {
                        boolean right = window.input(answer) == window.target(query);
                        probability = query - answer > reach ? probability
                                : right ? CERTAINTY : (1 - CERTAINTY) / (VOCABULARY - 1);
                        break;
                    }
                }
                own[query] = (float) -Math.log(probability);
            }
            losses.add(own);
        }
        return losses;
    }

    private static List<Bin> run(ProbeSettings settings, int reach, Consumer<TokenWindow> watch) throws IOException {
        CopyProbe probe = new CopyProbe(settings, LENGTH);
        ProbePass pass = new ProbePass(windows -> induction(windows, reach, watch), 4 * LENGTH, done -> { });
        return probe.run(pass, TEXT, ALPHABET);
    }

    @Test
    void anInductionHeadScoresByItsReach() throws IOException {
        List<Bin> bins = run(ProbeSettings.of(List.of("copy.sequences=5")), 64, window -> { });
        assertEquals(List.of("32", "64"), bins.stream().map(Bin::label).toList(), "those that fit 150 tokens");
        double score = Math.log(VOCABULARY) + Math.log(CERTAINTY);
        for (Bin bin : bins) {
            assertEquals(5 * 31, bin.moments().n());
            assertEquals(score, bin.moments().mean(), 1e-5);
            assertEquals(5, bin.windows().size());
            assertEquals(31, bin.windows().n().get(4));
            assertEquals(score, bin.windows().mean().get(4), 1e-3);
        }
        List<Bin> shorter = run(ProbeSettings.of(List.of("copy.sequences=5", "copy.distances=32,63,64,65,118")), 63, window -> { });
        assertEquals(List.of("32", "63", "64", "65", "118"), shorter.stream().map(Bin::label).toList());
        for (int bin = 0; bin < 5; bin++) {
            assertEquals(bin < 2 ? score : 0, shorter.get(bin).moments().mean(), 1e-5, "a head of reach 63 sees none further");
        }
    }

    /** The second copy ends the window, the first stands where the distance says, and text without ends of documents is around. */
    @Test
    void sequencesAreAsDefined() throws IOException {
        List<TokenWindow> seen = new ArrayList<>();
        run(ProbeSettings.of(List.of("copy.sequences=2", "copy.tokens=4", "copy.distances=4,9,146")), 9, seen::add);
        assertEquals(6, seen.size());
        for (int i = 0; i < seen.size(); i++) {
            int distance = List.of(4, 9, 146).get(i % 3);
            TokenWindow window = seen.get(i);
            assertEquals(LENGTH, window.length());
            assertFalse(window.hasDocuments());
            long[] ids = LongStream.concat(Arrays.stream(window.inputs()), LongStream.of(window.target(LENGTH - 1))).toArray();
            long[] second = Arrays.copyOfRange(ids, LENGTH - 3, LENGTH + 1);
            assertArrayEquals(second, Arrays.copyOfRange(ids, LENGTH - 4 - distance, LENGTH - distance));
            assertEquals(4, Arrays.stream(second).filter(id -> id < 100).distinct().count());
            assertEquals(8, Arrays.stream(ids).filter(id -> id < 100).count());
            assertEquals(0, Arrays.stream(ids).filter(id -> id == EOS).count());
            assertEquals(6, Arrays.stream(window.targets()).filter(id -> id != LanguageModelLoss.NO_TARGET).count());
            if (i % 3 > 0) {
                assertArrayEquals(Arrays.stream(seen.get(i - 1).inputs()).filter(id -> id >= 100).toArray(),
                        Arrays.stream(window.inputs()).filter(id -> id >= 100).toArray(), "all distances share the text");
            }
        }
        assertFalse(Arrays.equals(seen.get(0).inputs(), seen.get(3).inputs()), "sequences differ");
    }

    @Test
    void theSeedDecides() throws IOException {
        List<List<Long>> tokens = new ArrayList<>();
        for (String seed : List.of("0", "0", "1")) {
            List<Long> own = new ArrayList<>();
            run(ProbeSettings.of(List.of("copy.sequences=3", "copy.seed=" + seed)), 0,
                    window -> Arrays.stream(window.inputs()).forEach(own::add));
            tokens.add(own);
        }
        assertEquals(tokens.get(0), tokens.get(1));
        assertFalse(tokens.get(0).equals(tokens.get(2)));
    }

    @Test
    void whatDoesNotFitIsRefused() {
        assertEquals("the probe copy needs a window of at least 64 tokens: a copy of 32 and the shortest distance, 32 (got 63): choose"
                + " smaller copy.tokens and copy.distances, or leave the probe out",
                assertThrows(InvalidInputException.class, () -> new CopyProbe(ProbeSettings.DEFAULTS, 63)).getMessage());
        assertEquals(64, new CopyProbe(ProbeSettings.DEFAULTS, 64).sequences());
        assertEquals(12 * 64, new CopyProbe(ProbeSettings.DEFAULTS, 2048).sequences());
    }

    @Test
    void tooFewTokensAreRefused() throws IOException {
        TrainingCounts counts = TrainingCounts.of("data", 10, 0.5, part -> part.accept(new long[] {1, 2, 3, 9, 1}));
        assertArrayEquals(new int[] {1, 2, 3}, CopyProbe.alphabet(ProbeSettings.of(List.of("copy.tokens=3", "copy.commonest=5")),
                counts, 9));
        String message = assertThrows(InvalidInputException.class, () -> CopyProbe.alphabet(ProbeSettings.DEFAULTS, counts, 9))
                .getMessage();
        assertTrue(message.startsWith("the probe copy takes 32 different tokens, the training data has 3"), message);
    }

    @Test
    void aTextOfNothingIsRefused() {
        HeldOutText empty = new TokenText("ends.txt", LongStream.generate(() -> EOS).limit(400).toArray(), EOS, false);
        String message = assertThrows(InvalidInputException.class, () -> new CopyProbe(ProbeSettings.DEFAULTS, LENGTH).run(
                new ProbePass(windows -> induction(windows, 1, window -> { }), 1, done -> { }), empty, ALPHABET)).getMessage();
        assertEquals("ends.txt has nothing but ends of documents", message);
    }
}
