package ai.spattention.rmsnorm;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.spattention.cuda.TensorView.Type;
import ai.spattention.plan.PlanRunner;
import ai.spattention.plan.Tensor;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Norms of a residual stream against the formula and its gradients by autograd in float64, on a GPU. */
class RmsNormStepsGpuTest {

    private static final float EPSILON = 1e-5f;
    private static final double ROUNDED = 4e-3; // bfloat16
    private static final double SINGLE = 1e-5;

    private final PlanRunner runner = new PlanRunner();
    private final RmsNormSteps norms = new RmsNormSteps(runner.plan(), EPSILON);

    @AfterEach
    void close() {
        runner.close();
    }

    private static NDArray norm(NDArray x, NDArray weight) {
        return x.mul(root(x)).mul(weight);
    }

    /** [T, 1]. */
    private static NDArray root(NDArray x) {
        return x.square().mean(new int[] {1}, true).add(EPSILON).pow(-0.5);
    }

    private NDArray weight(int size) {
        return runner.manager().arange((float) size).mul(0.37f).sin().add(1.5f);
    }

    /** Places [T, K] of rows in some order, so that each row belongs to one pair. */
    private NDArray places(int rows, int slots) {
        List<Integer> order = new ArrayList<>();
        for (int i = 0; i < rows * slots; i++) {
            order.add(i);
        }
        Collections.shuffle(order, new Random(5));
        return runner.manager().create(order.stream().mapToInt(Integer::intValue).toArray(), new Shape(rows, slots));
    }

    /** Each token's rows added up, [T, size]. */
    private static NDArray sum(NDArray experts, NDArray places) {
        NDArray sorted = experts.get(places.toType(DataType.INT64, true).flatten());
        return sorted.reshape(places.getShape().get(0), places.getShape().get(1), experts.getShape().get(1)).sum(new int[] {1});
    }

    @ParameterizedTest
    @CsvSource({"1, 16", "7, 48", "7, 1024", "1000, 1040", "33, 2048", "5, 4096"})
    void normOfX(int rows, int size) {
        NDArray x = runner.random(rows, size);
        NDArray weight = weight(size);
        Tensor given = runner.in("x", x);
        Tensor w = runner.in("weight", weight);
        Tensor y = runner.out("y", Type.BFLOAT16, rows, size);
        Tensor root = runner.out("root", Type.FLOAT32, rows);
        norms.forward(given, w, y, root);
        NDArray expected = norm(PlanRunner.exact(x), PlanRunner.exact(weight));
        NDArray roots = root(PlanRunner.exact(x)).flatten();
        runner.run();
        runner.assertClose(expected, y, ROUNDED);
        runner.assertClose(roots, root, SINGLE);
    }

    /** Slots 0: the sum with a branch, also where it is not written; else with so many rows of each token besides. */
    @ParameterizedTest
    @CsvSource({"1, 16, 0", "7, 1024, 0", "1000, 1040, 0", "5, 4096, 0", "1, 16, 1", "7, 48, 3", "1000, 1040, 8", "33, 2048, 8",
        "7, 1024, 9", "100, 4096, 13"})
    void normOfASum(int rows, int size, int slots) {
        NDArray x = runner.random(rows, size);
        NDArray weight = weight(size);
        Tensor w = runner.in("weight", weight);
        Tensor given = runner.in("x", x);
        Tensor total = runner.out("total", Type.FLOAT32, rows, size);
        Tensor y = runner.out("y", Type.BFLOAT16, rows, size);
        Tensor root = runner.out("root", Type.FLOAT32, rows);
        NDArray added = runner.rounded(rows, size);
        Tensor branch = runner.half("branch", added);
        Tensor unwritten = runner.out("y of a sum that is not written", Type.BFLOAT16, rows, size);
        if (slots == 0) {
            norms.forwardOfSum(given, branch, w, total, y, root);
            norms.forwardOfSum(given, branch, w, null, unwritten, runner.out("its root", Type.FLOAT32, rows));
        } else {
            NDArray experts = runner.rounded((long) rows * slots, size);
            NDArray places = places(rows, slots);
            added = PlanRunner.exact(added).add(sum(PlanRunner.exact(experts), places));
            RmsNormSteps.Slots own = new RmsNormSteps.Slots(runner.half("rows", experts), runner.in("places", places));
            norms.forwardOfSum(given, branch, own, w, total, y, root);
        }
        NDArray sum = PlanRunner.exact(x).add(PlanRunner.exact(added));
        NDArray expected = norm(sum, PlanRunner.exact(weight));
        NDArray roots = root(sum).flatten();
        runner.run();
        runner.assertClose(sum, total, 1e-6);
        runner.assertClose(expected, y, ROUNDED);
        runner.assertClose(roots, root, SINGLE);
        if (slots == 0) {
            runner.assertClose(runner.read(y), unwritten, 0);
        }
    }

    /**
     * Slots -1: nothing else depends on x; 0: something does, and y comes once more; else the same of x and a branch, and y's gradient has so many
     * further rows of each token.
     */
    @ParameterizedTest
    @CsvSource({"1, 16, -1, false", "7, 1024, -1, true", "3000, 64, -1, true", "1, 16, 0, true", "1000, 1040, 0, false",
        "1025, 48, 0, true", "5, 4096, 0, false", "1, 16, 2, false", "7, 48, 8, true", "2100, 64, 8, false", "33, 2048, 8, true", "7, 1024, 9, false",
        "40, 4096, 12, true"})
    void gradients(int rows, int size, int slots, boolean add) {
        NDArray x = runner.random(rows, size);
        NDArray weight = weight(size);
        NDArray gradient = runner.rounded(rows, size);
        NDArray summand = runner.random(rows, size);
        NDArray before = runner.random(size);
        NDArray arriving = PlanRunner.exact(gradient);
        Tensor xGradient = slots < 0 ? runner.out("gradient of x", Type.FLOAT32, rows, size) : runner.in("gradient of x", summand);
        Tensor branchGradient = runner.out("gradient of the branch", Type.BFLOAT16, rows, size);
        Tensor weightGradient = add ? runner.in("gradient of the weight", before)
                : runner.out("gradient of the weight", Type.FLOAT32, size);
        NDArray branch = runner.rounded(rows, size);
        NDArray sum = slots > 0 ? x.add(PlanRunner.exact(branch).toType(DataType.FLOAT32, true)) : x;
        Tensor root = runner.out("root", Type.FLOAT32, rows);
        Tensor y = runner.out("y", Type.BFLOAT16, rows, size);
        Tensor again = runner.out("y again", Type.BFLOAT16, rows, size);
        Tensor w = runner.in("weight", weight);
        Tensor given = runner.in("x", x);
        Tensor added = runner.half("branch", branch);
        RmsNormSteps.Backward arrays = new RmsNormSteps.Backward(given, w, root, runner.half("gradient", gradient), xGradient, branchGradient,
                weightGradient);
        if (slots > 0) {
            norms.forwardOfSum(given, added, w, null, y, root);
        } else {
            norms.forward(given, w, y, root);
        }
        if (slots < 0) {
            norms.backward(arrays, add);
        } else if (slots == 0) {
            norms.backwardOfSum(arrays, xGradient, again, add);
        } else {
            NDArray experts = runner.rounded((long) rows * slots, size);
            NDArray places = places(rows, slots);
            arriving = arriving.add(sum(PlanRunner.exact(experts), places));
            norms.backwardOfSum(arrays, added, xGradient, new RmsNormSteps.Slots(runner.half("rows", experts), runner.in("places", places)),
                    again, add);
        }
        NDList expected = runner.differentiate(new NDList(sum, weight), new NDList(arriving), in -> new NDList(norm(in.get(0), in.get(1))));
        NDArray ofX = slots < 0 ? expected.get(1) : expected.get(1).add(PlanRunner.exact(summand));
        NDArray ofWeight = add ? expected.get(2).add(PlanRunner.exact(before)) : expected.get(2);
        runner.run();
        runner.assertClose(ofX, xGradient, SINGLE);
        runner.assertClose(ofX, branchGradient, ROUNDED);
        runner.assertClose(ofWeight, weightGradient, SINGLE);
        if (slots >= 0) {
            runner.assertClose(runner.read(y), again, 0);
        }
    }

    /** The other arrays of a block: no branch, or a sum's gradient that must stay as it is. */
    @ParameterizedTest
    @CsvSource({"1, 16", "7, 1024", "3000, 64", "5, 4096"})
    void gradientsOfABlock(int rows, int size) {
        NDArray x = runner.random(rows, size);
        NDArray weight = weight(size);
        NDArray gradient = runner.rounded(rows, size);
        NDArray summand = runner.random(rows, size);
        Tensor alone = runner.out("gradient of x alone", Type.FLOAT32, rows, size);
        Tensor summed = runner.out("gradient of x in a sum", Type.FLOAT32, rows, size);
        Tensor branch = runner.out("gradient of the branch", Type.BFLOAT16, rows, size);
        Tensor weightAlone = runner.out("gradient of the weight", Type.FLOAT32, size);
        Tensor weightSummed = runner.out("gradient of the weight again", Type.FLOAT32, size);
        Tensor given = runner.in("x", x);
        Tensor w = runner.in("weight", weight);
        Tensor root = runner.in("root", root(PlanRunner.exact(x)).flatten().toType(DataType.FLOAT32, true));
        Tensor arriving = runner.half("gradient", gradient);
        Tensor total = runner.in("gradient of the sum", summand);
        norms.backward(new RmsNormSteps.Backward(given, w, root, arriving, alone, null, weightAlone), false);
        norms.backwardOfSum(new RmsNormSteps.Backward(given, w, root, arriving, summed, branch, weightSummed), total, null, false);
        NDList expected = runner.differentiate(new NDList(x, weight), new NDList(gradient), in -> new NDList(norm(in.get(0), in.get(1))));
        runner.run();
        runner.assertClose(expected.get(1), alone, SINGLE);
        runner.assertClose(expected.get(2), weightAlone, SINGLE);
        runner.assertClose(expected.get(1).add(PlanRunner.exact(summand)), summed, SINGLE);
        runner.assertClose(expected.get(1).add(PlanRunner.exact(summand)), branch, ROUNDED);
        runner.assertClose(expected.get(2), weightSummed, SINGLE);
        runner.assertClose(PlanRunner.exact(summand), total, 0);
    }

    /** Parts that lie apart, as the router's are. */
    @ParameterizedTest
    @CsvSource({"1, 16, 16, false", "2, 80, 128, true", "1000, 1040, 1040, false", "131, 48, 64, true"})
    void sumsOfParts(int count, int size, int pitch, boolean add) {
        NDArray parts = runner.random(count, pitch);
        NDArray before = runner.random(size);
        Tensor out = add ? runner.in("sum", before) : runner.out("sum", Type.FLOAT32, size);
        RmsNormSteps.sumParts(runner.plan(), runner.in("parts", parts).columns(0, size), out, add);
        NDArray expected = PlanRunner.exact(parts).get(":, 0:" + size).sum(new int[] {0});
        if (add) {
            expected = expected.add(PlanRunner.exact(before));
        }
        runner.run();
        runner.assertClose(expected, out, SINGLE);
    }
}
