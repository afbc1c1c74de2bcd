package ai.spattention.querykeyrotary;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.spattention.cuda.TensorView.Type;
import ai.spattention.plan.PlanRunner;
import ai.spattention.plan.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Norm and rotation of queries or keys against the formula and its gradients by autograd in float64, on a GPU. */
class QueryKeyRotaryStepsGpuTest {

    private static final float EPSILON = 1e-5f;
    private static final int BEFORE = 32; // columns of the wider array
    private static final int BEHIND = 16;

    private final PlanRunner runner = new PlanRunner();

    @AfterEach
    void close() {
        runner.close();
    }

    /** x [T, H D], weight [H D]; cosines and sines [N, D / 2]. */
    private static NDArray turn(NDArray x, NDArray weight, NDArray cosines, NDArray sines, int batch, int length, int heads, int dim) {
        NDArray root = x.square().mean(new int[] {1}, true).add(EPSILON).pow(-0.5);
        NDArray n = x.mul(root).mul(weight).reshape(batch, length, heads, 2, dim / 2);
        NDArray a = n.get(":, :, :, 0");
        NDArray b = n.get(":, :, :, 1");
        NDArray c = cosines.reshape(1, length, 1, dim / 2);
        NDArray s = sines.reshape(1, length, 1, dim / 2);
        return NDArrays.stack(new NDList(a.mul(c).sub(b.mul(s)), b.mul(c).add(a.mul(s))), 3)
                .reshape((long) batch * length, (long) heads * dim);
    }

    @ParameterizedTest
    @CsvSource({"1, 1, 1, 32, false", "2, 7, 2, 64, true", "3, 13, 4, 128, false", "2, 600, 16, 128, true", "1, 9, 3, 64, false",
        "1, 9, 5, 32, true", "1, 40, 32, 128, false", "2, 5, 2, 256, true", "1, 2100, 1, 64, false"})
    void normAndRotation(int batch, int length, int heads, int dim, boolean add) {
        int size = heads * dim;
        long tokens = (long) batch * length;
        NDArray wide = runner.rounded(tokens, BEFORE + size + BEHIND);
        NDArray x = wide.get(":, " + BEFORE + ":" + (BEFORE + size)).duplicate();
        NDArray weight = runner.manager().arange((float) size).mul(0.37f).sin().add(1.5f);
        NDArray angles = runner.random(length + 3, dim / 2);
        int first = add ? 3 : 0; // a cache that holds three rows
        NDArray cosines = angles.cos();
        NDArray sines = angles.sin();
        NDArray gradient = runner.rounded(tokens, size);
        NDArray before = runner.random(size);
        NDArray filled = runner.rounded(tokens, BEFORE + size + BEHIND);
        NDArray root = PlanRunner.exact(x).square().mean(new int[] {1}).add(EPSILON).pow(-0.5);

        Tensor given = runner.half("wide", wide).columns(BEFORE, size);
        Tensor w = runner.in("weight", weight);
        Tensor y = runner.out("y", Type.BFLOAT16, tokens, size);
        Tensor roots = runner.out("root", Type.FLOAT32, tokens);
        Tensor wideGradient = runner.half("wide gradient", filled);
        Tensor weightGradient = add ? runner.in("gradient of the weight", before)
                : runner.out("gradient of the weight", Type.FLOAT32, size);
        QueryKeyRotarySteps steps = new QueryKeyRotarySteps(runner.plan(), new QueryKeyRotarySteps.Positions(
                runner.in("cosines", cosines), runner.in("sines", sines), length, first), EPSILON);
        steps.forward(given, w, y, roots);
        steps.backward(given, w, roots, runner.half("gradient", gradient), wideGradient.columns(BEFORE, size), weightGradient, add);

        String rows = first + ":" + (first + length);
        NDList expected = runner.differentiate(new NDList(x, weight), new NDList(gradient), in -> new NDList(turn(in.get(0), in.get(1),
                PlanRunner.exact(cosines).get(rows), PlanRunner.exact(sines).get(rows), batch, length, heads, dim)));
        NDArray ofWeight = add ? expected.get(2).add(PlanRunner.exact(before)) : expected.get(2);
        runner.run();
        runner.assertClose(expected.get(0), y, 4e-3);
        runner.assertClose(root, roots, 1e-5);
        NDArray found = runner.read(wideGradient);
        String mine = ":, " + BEFORE + ":" + (BEFORE + size);
        PlanRunner.assertClose(expected.get(1), found.get(mine), 4e-3, "gradient of x");
        runner.assertClose(ofWeight, weightGradient, 1e-5);
        NDArray exact = PlanRunner.exact(filled);
        for (String others : new String[] {":, 0:" + BEFORE, ":, " + (BEFORE + size) + ":"}) {
            PlanRunner.assertClose(exact.get(others), found.get(others), 0, "other columns");
        }
    }
}
