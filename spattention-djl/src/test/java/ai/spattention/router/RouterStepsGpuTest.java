package ai.spattention.router;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.spattention.cublas.DenseProducts;
import ai.spattention.cuda.TensorView.Type;
import ai.spattention.plan.PlanRunner;
import ai.spattention.plan.Tensor;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A router against the formulas in float64 and their gradients by autograd, on a GPU. */
class RouterStepsGpuTest {

    private static final int ROWS_OF_TILE = 128;

    private final PlanRunner runner = new PlanRunner();

    @AfterEach
    void close() {
        runner.close();
    }

    /** A router's sizes. */
    private record Sizes(int tokens, int size, int experts, int slots, boolean renormalized) {}

    /** What the rows' order must be for some choices: counting sort by expert, tokens in their order. */
    private static final class Order {

        private final long[] loads;
        private final long[] ends;
        private final long[] tileEnds;
        private final long[] places;

        Order(Sizes s, long[] chosen) {
            loads = new long[s.experts];
            ends = new long[s.experts];
            tileEnds = new long[s.experts];
            places = new long[chosen.length];
            int row = 0;
            long tiles = 0;
            for (int expert = 0; expert < s.experts; expert++) {
                for (int pair = 0; pair < chosen.length; pair++) {
                    if (chosen[pair] == expert) {
                        places[pair] = row++;
                        loads[expert]++;
                    }
                }
                ends[expert] = row;
                tiles += (loads[expert] + ROWS_OF_TILE - 1) / ROWS_OF_TILE;
                tileEnds[expert] = tiles;
            }
        }
    }

    /** The experts that a token takes: the largest probabilities, the first of equals. */
    private static long[] choose(Sizes s, double[] probabilities) {
        long[] chosen = new long[s.tokens * s.slots];
        for (int token = 0; token < s.tokens; token++) {
            boolean[] taken = new boolean[s.experts];
            for (int slot = 0; slot < s.slots; slot++) {
                int best = -1;
                for (int expert = 0; expert < s.experts; expert++) {
                    int line = token * s.experts;
                    if (!taken[expert] && (best < 0 || probabilities[line + expert] > probabilities[line + best])) {
                        best = expert;
                    }
                }
                taken[best] = true;
                chosen[token * s.slots + slot] = best;
            }
        }
        return chosen;
    }

    /** What the loss is made of: upstream gradients. */
    private record Upstream(float[] ofRowWeights, NDArray ofMeans, NDArray ofSquare) {}

    /** Mean probabilities, mean square, the sum Σ weights · gradients, then the gradients of hidden and weight. */
    private NDList differentiate(Sizes s, NDArray hidden, NDArray weight, long[] chosen, Order order, Upstream upstream) {
        double[] mask = new double[s.tokens * s.experts];
        double[] direction = new double[s.tokens * s.experts];
        for (int pair = 0; pair < chosen.length; pair++) {
            int at = pair / s.slots * s.experts + (int) chosen[pair];
            mask[at] = 1;
            direction[at] = upstream.ofRowWeights[(int) order.places[pair]];
        }
        Shape shape = new Shape(s.tokens, s.experts);
        NDArray taken = runner.manager().create(mask, shape);
        NDList directions = new NDList(upstream.ofMeans, upstream.ofSquare, runner.manager().create(direction, shape));
        return runner.differentiate(new NDList(hidden, weight), directions, in -> {
            NDArray logits = in.get(0).matMul(in.get(1).transpose());
            NDArray logSum = logits.exp().sum(new int[] {1}).log();
            NDArray probabilities = logits.softmax(1);
            NDArray weights = probabilities.mul(taken);
            if (s.renormalized) {
                weights = weights.div(weights.sum(new int[] {1}, true));
            }
            return new NDList(probabilities.mean(new int[] {0}), logSum.square().mean().reshape(1), weights);
        });
    }

    @ParameterizedTest
    @CsvSource({"1, 64, 1, 1, false", "1, 64, 5, 5, true", "50, 48, 5, 2, false", "33, 64, 16, 8, true", "300, 96, 20, 3, true",
        "1000, 128, 64, 8, false", "1000, 128, 64, 8, true", "129, 64, 100, 8, true", "257, 192, 256, 8, false", "129, 64, 256, 1, true",
        "31, 64, 16, 16, true", "2049, 64, 17, 10, false"})
    void routes(int tokens, int size, int experts, int slots, boolean renormalized) {
        Sizes s = new Sizes(tokens, size, experts, slots, renormalized);
        boolean add = tokens % 2 == 1;
        NDArray hidden = runner.rounded(tokens, size);
        NDArray weight = runner.random(experts, size).mul(0.3f);
        NDArray before = runner.random(experts, size);
        NDArray rowGradients = runner.random((long) tokens * slots);
        NDArray meanGradients = runner.random(experts);
        NDArray squareGradient = runner.manager().create(new float[] {0.3f});
        Tensor given = runner.half("hidden", hidden);
        Tensor matrix = runner.in("weight", weight);
        RouterSteps.Statistics statistics = new RouterSteps.Statistics(runner.out("loads", Type.INT64, experts),
                runner.out("mean probabilities", Type.FLOAT32, experts), runner.out("mean square", Type.FLOAT32, 1));
        RouterSteps.Statistics gradients = new RouterSteps.Statistics(null, runner.in("gradients of means", meanGradients),
                runner.in("gradient of the square", squareGradient));
        Tensor hiddenGradient = runner.out("gradient of hidden", Type.BFLOAT16, tokens, size);
        Tensor weightGradient = add ? runner.in("gradient of the weight", before)
                : runner.out("gradient of the weight", Type.FLOAT32, experts, size);
        RouterSteps router = new RouterSteps(runner.plan(), new DenseProducts(runner.plan()),
                new RouterSteps.Sizes(tokens, experts, slots, renormalized, ROWS_OF_TILE));
        RouterSteps.Routed routed = router.forward(given, matrix, statistics);
        for (Tensor each : new Tensor[] {routed.chosen(), routed.weights(), routed.places(), routed.rowWeights(), routed.ends(),
            routed.tileEnds()}) {
            runner.keep(each);
        }
        Tensor logitGradients = router.backward(routed, runner.in("gradients of rows' weights", rowGradients), gradients, hiddenGradient);
        router.weights(given, logitGradients, weightGradient, add);

        double[] probabilities = PlanRunner.exact(hidden).matMul(PlanRunner.exact(weight).transpose()).softmax(1).toDoubleArray();
        Upstream upstream = new Upstream(rowGradients.toFloatArray(), meanGradients, squareGradient);
        long[] likely = choose(s, probabilities);
        assertEquals(5, differentiate(s, hidden, weight, likely, new Order(s, likely), upstream).size());
        runner.run();

        long[] chosen = runner.integers(routed.chosen());
        checkChoices(s, probabilities, chosen, runner.floats(routed.weights()));
        Order order = new Order(s, chosen);
        assertArrayEquals(order.loads, runner.integers(statistics.loads()));
        assertArrayEquals(order.ends, runner.integers(routed.ends()));
        assertArrayEquals(order.tileEnds, runner.integers(routed.tileEnds()));
        assertArrayEquals(order.places, runner.integers(routed.places()));
        float[] weights = runner.floats(routed.weights());
        float[] rowWeights = runner.floats(routed.rowWeights());
        for (int pair = 0; pair < chosen.length; pair++) {
            assertEquals(weights[pair], rowWeights[(int) order.places[pair]]);
        }
        NDList expected = differentiate(s, hidden, weight, chosen, order, upstream);
        runner.assertClose(expected.get(0), statistics.meanProbabilities(), 1e-5);
        runner.assertClose(expected.get(1), statistics.meanSquare(), 1e-5);
        runner.assertClose(expected.get(3), hiddenGradient, 5e-3);
        runner.assertClose(add ? expected.get(4).add(PlanRunner.exact(before)) : expected.get(4), weightGradient, 2e-4);
    }

    /** No expert that was left out is likelier than one that was taken, but for the logits' rounding. */
    private static void checkChoices(Sizes s, double[] probabilities, long[] chosen, float[] weights) {
        for (int token = 0; token < s.tokens; token++) {
            boolean[] taken = new boolean[s.experts];
            double last = 2;
            double sum = 0;
            for (int slot = 0; slot < s.slots; slot++) {
                int expert = (int) chosen[token * s.slots + slot];
                assertTrue(!taken[expert], "token " + token + " takes an expert once");
                taken[expert] = true;
                double probability = probabilities[token * s.experts + expert];
                assertTrue(probability <= last * (1 + 1e-5), "the likeliest first");
                last = probability;
                sum += probability;
            }
            for (int expert = 0; expert < s.experts; expert++) {
                assertTrue(taken[expert] || probabilities[token * s.experts + expert] <= last * (1 + 1e-5),
                        "token " + token + " left out expert " + expert);
            }
            for (int slot = 0; slot < s.slots; slot++) {
                double probability = probabilities[token * s.experts + (int) chosen[token * s.slots + slot]];
                assertEquals(s.renormalized ? probability / sum : probability, weights[token * s.slots + slot], 1e-5);
            }
        }
    }

    /** Equal logits: the first experts are taken. */
    @ParameterizedTest
    @CsvSource({"7, 5, 2", "40, 64, 8"})
    void equalLogitsTakeTheFirstExperts(int tokens, int experts, int slots) {
        Tensor weight = runner.in("weight", runner.manager().zeros(new Shape(experts, 64)));
        RouterSteps.Statistics statistics = new RouterSteps.Statistics(runner.out("loads", Type.INT64, experts),
                runner.out("mean probabilities", Type.FLOAT32, experts), runner.out("mean square", Type.FLOAT32, 1));
        RouterSteps.Routed routed = new RouterSteps(runner.plan(), new DenseProducts(runner.plan()),
                new RouterSteps.Sizes(tokens, experts, slots, true, ROWS_OF_TILE))
                .forward(runner.half("hidden", runner.rounded(tokens, 64)), weight, statistics);
        runner.keep(routed.chosen());
        runner.keep(routed.weights());
        runner.run();
        long[] chosen = runner.integers(routed.chosen());
        float[] weights = runner.floats(routed.weights());
        for (int pair = 0; pair < chosen.length; pair++) {
            assertEquals(pair % slots, chosen[pair]);
            assertEquals(1.0 / slots, weights[pair], 1e-6);
        }
        long[] loads = new long[experts];
        Arrays.fill(loads, 0, slots, tokens);
        assertArrayEquals(loads, runner.integers(statistics.loads()));
    }
}
