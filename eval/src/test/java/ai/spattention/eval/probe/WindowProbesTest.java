package ai.spattention.eval.probe;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.eval.measure.Bin;
import ai.spattention.eval.measure.Moments;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Bins of positions and of recall distances against what their definitions say, token by token. */
class WindowProbesTest {

    private static final int EOS = 0;

    private static float[] losses(Random random, int length) {
        float[] losses = new float[length];
        for (int i = 0; i < length; i++) {
            losses[i] = (float) random.nextGaussian() + 3;
        }
        return losses;
    }

    private static TokenWindow window(Random random, int length, int vocabulary, boolean documents) {
        long[] ids = random.ints(length + 1L, 0, vocabulary).asLongStream().toArray();
        return documents ? TokenWindow.ofDocuments(ids, EOS) : TokenWindow.of(ids);
    }

    @ParameterizedTest
    @CsvSource({"1", "5", "63", "64", "65", "100", "2048", "2500"})
    void positionsAddUpToTheLoss(int length) {
        Random random = new Random(length);
        PositionProbe position = new PositionProbe(ProbeSettings.DEFAULTS.positionEdges(), length);
        LossProbe loss = new LossProbe(length);
        RecallProbe recall = new RecallProbe((first, second) -> first % 2 == 0, 7, length);
        double[] all = new double[3 * length];
        for (int i = 0; i < 3; i++) {
            TokenWindow window = window(random, length, 9, false);
            float[] losses = losses(random, length);
            for (int j = 0; j < length; j++) {
                all[i * length + j] = losses[j];
            }
            for (WindowProbe probe : List.of(position, loss, recall)) {
                probe.add(window, losses);
            }
        }
        Moments whole = loss.bins().get(0).moments();
        assertEquals(Moments.of(all).n(), whole.n());
        assertEquals(Moments.of(all).sum(), whole.sum(), 1e-9 * whole.sum());
        for (List<Bin> bins : List.of(position.bins(), recall.bins())) {
            Moments sum = bins.stream().map(Bin::moments).reduce(Moments.NONE, Moments::plus);
            assertEquals(whole.n(), sum.n());
            assertEquals(whole.sum(), sum.sum(), 1e-12 * whole.sum());
            assertEquals(whole.sumOfSquares(), sum.sumOfSquares(), 1e-12 * whole.sumOfSquares());
        }
        List<Bin> bins = position.bins();
        assertEquals(length, bins.get(bins.size() - 1).to());
        assertTrue(bins.stream().allMatch(bin -> bin.moments().n() == 3 * (long) (bin.to() - bin.from())), "a position a bin");
        assertTrue(bins.stream().allMatch(bin -> bin.windows().size() == 3));
    }

    @Test
    void positionsAreBinnedByTheEdges() {
        PositionProbe probe = new PositionProbe(List.of(0, 2, 3, 90), 5);
        probe.add(TokenWindow.of(new long[6]), new float[] {1, 2, 3, 4, 8});
        assertEquals(List.of("[0,2)", "[2,3)", "[3,5)"), probe.bins().stream().map(Bin::label).toList());
        assertEquals(List.of(1.5, 3.0, 6.0), probe.bins().stream().map(bin -> bin.moments().mean()).toList());
        assertEquals(List.of(2L), probe.bins().get(2).windows().n());
    }

    /** The bin of each target by looking at every earlier place. */
    private static int naive(TokenWindow window, int query, RecallProbe.CommonBigrams common, int width, int distances) {
        for (int answer = query; answer >= 1; answer--) { // the nearest first
            boolean same = window.input(answer - 1) == window.input(query) && window.input(answer) == window.target(query);
            if (same && window.isOneDocument(answer - 1, query) && window.isOneDocument(answer, query)) {
                return common.contains(window.input(query), window.target(query)) ? distances : (query - answer) / width;
            }
        }
        return distances + 1;
    }

    @ParameterizedTest
    @CsvSource({"40, 4, 6, false", "40, 4, 6, true", "97, 5, 13, true", "97, 6, 97, false", "1, 3, 1, true", "2, 2, 1, true",
            "200, 12, 25, true", "60, 1, 7, false", "60, 2, 200, true"})
    void recallIsWhatLookingAtEveryPlaceFinds(int length, int vocabulary, int width, boolean documents) {
        RecallProbe.CommonBigrams common = (first, second) -> (first + 2 * second) % 3 == 0;
        RecallProbe probe = new RecallProbe(common, width, length);
        int distances = (length + width - 1) / width;
        double[][] values = new double[distances + 2][0];
        Random random = new Random(length + vocabulary);
        long[][] counts = new long[20][distances + 2];
        for (int i = 0; i < counts.length; i++) {
            TokenWindow window = window(random, length, vocabulary, documents);
            float[] losses = losses(random, length);
            probe.add(window, losses);
            for (int query = 0; query < length; query++) {
                int bin = naive(window, query, common, width, distances);
                values[bin] = Arrays.copyOf(values[bin], values[bin].length + 1);
                values[bin][values[bin].length - 1] = losses[query];
                counts[i][bin]++;
            }
        }
        List<Bin> bins = probe.bins();
        assertEquals(distances + 2, bins.size());
        for (int bin = 0; bin < values.length; bin++) {
            int own = bin;
            Moments expected = Moments.of(values[bin]);
            assertEquals(expected.n(), bins.get(bin).moments().n(), "bin " + bins.get(bin).label());
            assertEquals(expected.sum(), bins.get(bin).moments().sum(), 1e-9);
            assertEquals(expected.sumOfSquares(), bins.get(bin).moments().sumOfSquares(), 1e-9);
            assertEquals(IntStream.range(0, counts.length).mapToObj(i -> counts[i][own]).toList(), bins.get(bin).windows().n());
        }
    }

    /** x = a b c a b: the second b is predicted at position 3, its answer stands at position 1. */
    @Test
    void theDistanceIsThatOfAttention() {
        RecallProbe probe = new RecallProbe((first, second) -> false, 1, 4);
        probe.add(TokenWindow.of(new long[] {7, 8, 9, 7, 8}), new float[] {1, 2, 3, 4});
        assertEquals(List.of("[0,1)", "[1,2)", "[2,3)", "[3,4)", RecallProbe.COMMON, RecallProbe.UNSEEN),
                probe.bins().stream().map(Bin::label).toList());
        assertEquals(Moments.of(4), probe.bins().get(2).moments());
        assertEquals(Moments.of(1, 2, 3), probe.bins().get(5).moments());
    }

    /** What the model cannot see, it cannot look up; without a document mask it can. */
    @Test
    void anotherDocumentCountsOnlyWhereAttentionReachesIt() {
        long[] ids = {5, 6, EOS, 5, 6};
        float[] losses = {1, 2, 3, 4};
        RecallProbe joined = new RecallProbe((first, second) -> false, 4, 4);
        joined.add(TokenWindow.of(ids), losses);
        assertEquals(Moments.of(4), joined.bins().get(0).moments());
        RecallProbe apart = new RecallProbe((first, second) -> false, 4, 4);
        apart.add(TokenWindow.ofDocuments(ids, EOS), losses);
        assertEquals(Moments.NONE, apart.bins().get(0).moments());
        assertEquals(4, apart.bins().get(2).moments().n());
    }
}
