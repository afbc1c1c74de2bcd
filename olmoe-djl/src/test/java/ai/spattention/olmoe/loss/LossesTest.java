package ai.spattention.olmoe.loss;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.spattention.olmoe.moe.RouterStatistics;
import ai.spattention.olmoe.nn.SeededNormal;
import org.junit.jupiter.api.Test;

class LossesTest {

    private static final int B = 2;
    private static final int N = 5;
    private static final int V = 7;

    @Test
    void predictsTheNextToken() {
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            NDArray logits = new SeededNormal(1, 2).initialize(manager, new Shape(B, N, V), DataType.FLOAT64);
            long[] ids = {0, 6, 2, 2, 5, 1, 1, 0, 3, 4};
            double expected = 0;
            for (int b = 0; b < B; b++) {
                for (int i = 0; i + 1 < N; i++) {
                    expected -= logProbability(logits.get(b).get(i).toDoubleArray(), (int) ids[b * N + i + 1]);
                }
            }
            NDArray inputIds = manager.create(ids, new Shape(B, N));
            assertEquals(expected / (B * (N - 1)), LanguageModelLoss.ofNextTokens(logits, inputIds).getDouble(), 1e-12);
            assertArrayEquals(new long[] {6, 2, 2, 5, -100, 1, 0, 3, 4, -100},
                    LanguageModelLoss.nextTokens(inputIds).toLongArray());
        }
    }

    @Test
    void takesTheMeanOverPositionsWithATarget() {
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            NDArray logits = new SeededNormal(1, 2).initialize(manager, new Shape(1, 3, V), DataType.FLOAT32);
            NDArray targets = manager.create(new long[] {4, LanguageModelLoss.NO_TARGET, 2}, new Shape(1, 3));
            double[] first = logits.get(0).get(0).toType(DataType.FLOAT64, false).toDoubleArray();
            double[] last = logits.get(0).get(2).toType(DataType.FLOAT64, false).toDoubleArray();
            double expected = -(logProbability(first, 4) + logProbability(last, 2)) / 2;
            assertEquals(expected, LanguageModelLoss.ofTargets(logits, targets).getFloat(), 1e-6);
        }
    }

    private static double logProbability(double[] logits, int token) {
        double total = 0;
        for (double logit : logits) {
            total += Math.exp(logit);
        }
        return logits[token] - Math.log(total);
    }

    /** Two layers of three experts, four tokens that take two each. */
    @Test
    void routerLosses() {
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            RouterStatistics layers = new RouterStatistics(
                    manager.create(new long[] {4, 3, 1, 0, 4, 4}, new Shape(2, 3)),
                    manager.create(new double[] {0.5, 0.3, 0.2, 0.2, 0.4, 0.4}, new Shape(2, 3)),
                    manager.create(new double[] {1.5, 2.5}));
            // shares of 8 (layer, token) pairs: 4/8, 7/8, 5/8; mean probabilities 0.35, 0.35, 0.3
            assertEquals(3 * (0.5 * 0.35 + 0.875 * 0.35 + 0.625 * 0.3), LoadBalancingLoss.of(layers, 4).getDouble(), 1e-12);
            assertEquals(2.0, RouterZLoss.of(layers).getDouble(), 1e-12);
        }
    }

    @Test
    void evenRoutingGivesTheNumberOfSlots() {
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            RouterStatistics even = new RouterStatistics(
                    manager.create(new long[] {4, 4, 4, 4}, new Shape(1, 4)),
                    manager.full(new Shape(1, 4), 0.25f), manager.zeros(new Shape(1)));
            assertEquals(2f, LoadBalancingLoss.of(even, 8).getFloat(), 1e-6f);
        }
    }
}
