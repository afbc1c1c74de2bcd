package ai.spattention.olmoe.moe;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.nn.SeededNormal;
import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RouterTest {

    private static final int D = 4;
    private static final int T = 9;

    @ParameterizedTest
    @CsvSource({"5, 2, false", "5, 2, true", "1, 1, false", "1, 1, true", "3, 3, false", "3, 3, true"})
    void takesTheLikeliest(int numExperts, int topK, boolean normalize) {
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            Router router = new Router(numExperts, topK, normalize);
            router.setInitializer(new SeededNormal(1, 1), parameter -> true);
            router.initialize(manager, DataType.FLOAT64, new Shape(T, D));
            NDArray hidden = new SeededNormal(2, 1).initialize(manager, new Shape(T, D), DataType.FLOAT64);
            Routing routing = router.route(new ParameterStore(manager, false), hidden, false);
            RouterStatistics statistics = RouterStatistics.of(routing);

            double[] x = hidden.toDoubleArray();
            double[] weight = router.getWeight().getArray().toDoubleArray();
            double[] meanProbabilities = new double[numExperts];
            long[] tokensPerExpert = new long[numExperts];
            double squares = 0;
            for (int token = 0; token < T; token++) {
                double[] odds = new double[numExperts];
                for (int expert = 0; expert < numExperts; expert++) {
                    double logit = 0;
                    for (int d = 0; d < D; d++) {
                        logit += weight[expert * D + d] * x[token * D + d];
                    }
                    odds[expert] = Math.exp(logit);
                }
                double total = Arrays.stream(odds).sum();
                squares += Math.pow(Math.log(total), 2) / T;
                int[] order = IntStream.range(0, numExperts).boxed()
                        .sorted(Comparator.comparingDouble(expert -> -odds[expert])).mapToInt(i -> i).limit(topK).toArray();
                double chosen = Arrays.stream(order).mapToDouble(expert -> odds[expert]).sum();
                for (int slot = 0; slot < topK; slot++) {
                    assertEquals(order[slot], routing.experts().getLong(token, slot));
                    assertEquals(odds[order[slot]] / (normalize ? chosen : total),
                            routing.weights().getDouble(token, slot), 1e-12);
                    tokensPerExpert[order[slot]]++;
                }
                for (int expert = 0; expert < numExperts; expert++) {
                    assertEquals(odds[expert] / total, routing.probabilities().getDouble(token, expert), 1e-12);
                    meanProbabilities[expert] += odds[expert] / total / T;
                }
            }
            assertArrayEquals(tokensPerExpert, statistics.tokensPerExpert().toLongArray());
            assertArrayEquals(meanProbabilities, statistics.meanProbabilities().toDoubleArray(), 1e-12);
            assertEquals(squares, statistics.squaredLogSumExp().getDouble(), 1e-12);
        }
    }

    @Test
    void equalLogitsGiveDifferentExperts() {
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            Router router = new Router(6, 3, false);
            router.setInitializer((m, shape, type) -> m.zeros(shape, type), parameter -> true);
            router.initialize(manager, DataType.FLOAT32, new Shape(2, D));
            Routing routing = router.route(new ParameterStore(manager, false), manager.ones(new Shape(2, D)), false);
            NDArray scores = manager.full(new Shape(2, 6), 1f / 6);
            assertArrayEquals(scores.topK(3, -1, true, true).get(1).toLongArray(), routing.experts().toLongArray());
            assertEquals(3, Arrays.stream(routing.experts().get(0).toLongArray()).distinct().count());
        }
    }

    @Test
    void rejectsTopKBeyondTheExperts() {
        assertEquals("a token takes at least 1 and at most all 4 experts (got 5)",
                assertThrows(InvalidInputException.class, () -> new Router(4, 5, false)).getMessage());
        assertEquals("the number of experts must be at least 1 (got 0)",
                assertThrows(InvalidInputException.class, () -> new Router(0, 1, false)).getMessage());
    }
}
