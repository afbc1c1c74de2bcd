package ai.spattention.groupedmatmul;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.spattention.cuda.TensorView.Type;
import ai.spattention.plan.PlanRunner;
import ai.spattention.plan.Tensor;
import ai.spattention.swiglu.SwiGluSteps;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.function.BiFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The experts' products against products of one expert after the other in float64, on a GPU. */
class GroupedMatmulStepsGpuTest {

    private static final double ROUNDED = 4e-3;
    private static final double SINGLE = 1e-5;

    private final PlanRunner runner = new PlanRunner();

    @AfterEach
    void close() {
        runner.close();
    }

    /** How rows fall to experts. */
    private enum Load { EVEN, UNEVEN, ONE, LAST }

    private static int[] loads(Load load, int rows, int experts) {
        int[] loads = new int[experts];
        Random random = new Random(7);
        for (int row = 0; row < rows; row++) {
            int expert = switch (load) {
                case EVEN -> row % experts;
                case UNEVEN -> Math.min((int) (Math.abs(random.nextGaussian()) * experts / 4), experts - 1) & ~1; // every second is empty
                case ONE -> 0;
                case LAST -> experts - 1;
            };
            loads[expert]++;
        }
        return loads;
    }

    private GroupedMatmulSteps steps(int[] loads) {
        int rowsOfTile = GroupedMatmulSteps.rowsOfTile(runner.target());
        int[] ends = new int[loads.length];
        int[] tileEnds = new int[loads.length];
        int end = 0;
        int tiles = 0;
        for (int expert = 0; expert < loads.length; expert++) {
            end += loads[expert];
            tiles += (loads[expert] + rowsOfTile - 1) / rowsOfTile;
            ends[expert] = end;
            tileEnds[expert] = tiles;
        }
        return new GroupedMatmulSteps(runner.plan(), runner.in("ends", runner.manager().create(ends)),
                runner.in("ends of tiles", runner.manager().create(tileEnds)));
    }

    /** Something of each expert's rows, one below the other. */
    private static NDArray byExpert(int[] loads, BiFunction<Integer, String, NDArray> of) {
        NDList parts = new NDList();
        int first = 0;
        for (int expert = 0; expert < loads.length; expert++) {
            if (loads[expert] > 0) {
                parts.add(of.apply(expert, first + ":" + (first + loads[expert])));
            }
            first += loads[expert];
        }
        return NDArrays.concat(parts, 0);
    }

    private static final String CASES = """
            EVEN, 1, 1, 64, 64
            EVEN, 300, 5, 192, 64
            UNEVEN, 1000, 64, 256, 320
            ONE, 700, 8, 64, 128
            LAST, 129, 256, 128, 64
            UNEVEN, 2000, 16, 1024, 512
            EVEN, 127, 127, 64, 80
            EVEN, 4096, 3, 64, 2048
            UNEVEN, 3000, 200, 256, 320
            """;

    @ParameterizedTest
    @CsvSource(textBlock = CASES)
    void eachRowTimesItsExpertsMatrix(Load load, int rows, int experts, int k, int n) {
        int[] loads = loads(load, rows, experts);
        NDArray array = runner.rounded(rows, k);
        NDArray plain = runner.rounded(experts, k, n);
        NDArray turned = plain.transpose(0, 2, 1);
        turned = runner.manager().create(turned.toFloatArray(), turned.getShape()); // with its own memory
        GroupedMatmulSteps steps = steps(loads);
        Tensor given = runner.half("rows", array);
        Tensor out = runner.out("products", Type.BFLOAT16, rows, n);
        Tensor same = runner.out("the same products", Type.BFLOAT16, rows, n);
        steps.times(given, runner.half("matrices", plain), false, out);
        steps.times(given, runner.half("transposed matrices", turned), true, same);
        NDArray exact = PlanRunner.exact(array);
        NDArray matrices = PlanRunner.exact(plain);
        NDArray expected = byExpert(loads, (expert, mine) -> exact.get(mine).matMul(matrices.get(expert)));
        runner.run();
        runner.assertClose(expected, out, ROUNDED);
        runner.assertClose(expected, same, ROUNDED);
    }

    @ParameterizedTest
    @CsvSource(textBlock = CASES)
    void gradientsOfMatrices(Load load, int rows, int experts, int m, int n) {
        int[] loads = loads(load, rows, experts);
        NDArray left = runner.rounded(rows, m);
        NDArray right = runner.rounded(rows, n);
        NDArray before = runner.random(experts, m, n);
        GroupedMatmulSteps steps = steps(loads);
        Tensor a = runner.half("left", left);
        Tensor b = runner.half("right", right);
        Tensor written = runner.out("written", Type.FLOAT32, experts, m, n);
        Tensor added = runner.in("added", before);
        Tensor rounded = runner.out("rounded", Type.BFLOAT16, experts, m, n);
        steps.outer(a, b, written, false);
        steps.outer(a, b, rounded, false);
        steps.outer(a, b, added, true);
        NDArray exactLeft = PlanRunner.exact(left);
        NDArray exactRight = PlanRunner.exact(right);
        NDList sums = new NDList();
        int first = 0;
        for (int expert = 0; expert < experts; expert++) {
            String mine = first + ":" + (first + loads[expert]);
            sums.add(loads[expert] == 0 ? PlanRunner.exact(runner.manager().zeros(new Shape(m, n)))
                    : exactLeft.get(mine).transpose().matMul(exactRight.get(mine)));
            first += loads[expert];
        }
        NDArray expected = NDArrays.stack(sums);
        runner.run();
        runner.assertClose(expected, written, SINGLE);
        runner.assertClose(expected, rounded, ROUNDED);
        runner.assertClose(expected.add(PlanRunner.exact(before)), added, SINGLE);
    }

    /** Product, then gate and activation, against the formula. */
    @ParameterizedTest
    @CsvSource({"EVEN, 1, 1, 64, 64", "EVEN, 300, 5, 192, 64", "UNEVEN, 1000, 64, 256, 320", "ONE, 700, 8, 64, 128",
        "LAST, 129, 256, 128, 64", "UNEVEN, 2000, 16, 1024, 512"})
    void gatedProducts(Load load, int rows, int experts, int k, int half) {
        int[] loads = loads(load, rows, experts);
        NDArray array = runner.rounded(rows, k);
        NDArray plain = runner.rounded(experts, 2L * half, k).mul(1 / 16f);
        NDArray rowWeights = runner.manager().arange((float) rows).mul(0.7f).sin().abs().add(0.1f);
        GroupedMatmulSteps steps = steps(loads);
        Tensor given = runner.half("rows", array);
        Tensor matrices = runner.half("matrices", plain);
        Tensor weights = runner.in("weights of rows", rowWeights);
        Tensor both = runner.out("gate and up", Type.BFLOAT16, rows, 2L * half);
        Tensor inner = runner.out("gated rows", Type.BFLOAT16, rows, half);
        steps.times(given, matrices, true, both);
        new SwiGluSteps(runner.plan()).forward(both, weights, inner);
        NDArray exact = PlanRunner.exact(array);
        NDArray exactMatrices = PlanRunner.exact(plain);
        NDArray products = byExpert(loads, (expert, mine) -> exact.get(mine).matMul(exactMatrices.get(expert).transpose()));
        NDArray gate = products.get(":, 0:" + half);
        NDArray expected = gate.div(gate.neg().exp().add(1)).mul(products.get(":, " + half + ":"))
                .mul(PlanRunner.exact(rowWeights).expandDims(1));
        runner.run();
        runner.assertClose(products, both, ROUNDED);
        runner.assertClose(expected, inner, 1e-2);
    }

    /** The row of each token's slots, [T, K]: anywhere, as experts have them. */
    private static int[] places(int tokens, int slots) {
        List<Integer> places = IntStream.range(0, tokens * slots).boxed().collect(Collectors.toList());
        Collections.shuffle(places, new Random(7));
        return places.stream().mapToInt(Integer::intValue).toArray();
    }

    @ParameterizedTest
    @CsvSource({"1, 1, 16", "30, 3, 1040", "300, 8, 2048", "9, 2, 4096"})
    void tokensGoToTheirExperts(int tokens, int slots, int size) {
        int[] places = places(tokens, slots);
        NDArray array = runner.rounded(tokens, size);
        Tensor out = runner.out("dispatched", Type.BFLOAT16, (long) tokens * slots, size);
        steps(new int[] {tokens * slots}).dispatch(runner.half("array", array),
                runner.in("places", runner.manager().create(places, new Shape(tokens, slots))), out);
        long[] tokenOfRow = new long[places.length];
        for (int pair = 0; pair < places.length; pair++) {
            tokenOfRow[places[pair]] = pair / slots;
        }
        NDArray expected = PlanRunner.exact(array).get(runner.manager().create(tokenOfRow));
        runner.run();
        runner.assertClose(expected, out, 0);
    }

    @ParameterizedTest
    @CsvSource({"1, 1, 16", "7, 3, 1040", "300, 8, 2048", "5, 9, 4096"})
    void rowsComeBackToTheirTokens(int tokens, int slots, int size) {
        int[] places = places(tokens, slots);
        NDArray rows = runner.rounded((long) tokens * slots, size);
        Tensor out = runner.out("combined", Type.BFLOAT16, tokens, size);
        steps(new int[] {tokens * slots}).combine(runner.half("rows", rows),
                runner.in("places", runner.manager().create(places, new Shape(tokens, slots))), out);
        NDArray expected = PlanRunner.exact(rows).get(runner.manager().create(Arrays.stream(places).asLongStream().toArray()))
                .reshape(tokens, slots, size).sum(new int[] {1});
        runner.run();
        runner.assertClose(expected, out, ROUNDED);
    }
}
