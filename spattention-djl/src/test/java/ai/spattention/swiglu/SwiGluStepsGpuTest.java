package ai.spattention.swiglu;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.spattention.cuda.TensorView.Type;
import ai.spattention.plan.PlanRunner;
import ai.spattention.plan.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The gated activation against its formula in float64, on a GPU. */
class SwiGluStepsGpuTest {

    private static final double ROUNDED = 5e-3;

    private final PlanRunner runner = new PlanRunner();
    private final SwiGluSteps steps = new SwiGluSteps(runner.plan());

    @AfterEach
    void close() {
        runner.close();
    }

    @ParameterizedTest
    @CsvSource({"1, 16", "5, 512", "300, 1024", "17, 1040", "3, 2048", "2, 4096"})
    void gates(int count, int size) {
        NDArray both = runner.rounded(count, 2L * size);
        NDArray weights = runner.manager().arange((float) count).mul(0.7f).sin().abs().add(0.1f);
        NDArray gradient = runner.rounded(count, size);
        Tensor given = runner.half("both", both);
        Tensor w = runner.in("weights", weights);
        Tensor inner = runner.out("inner", Type.BFLOAT16, count, size);
        Tensor again = runner.out("inner again", Type.BFLOAT16, count, size);
        Tensor bothGradient = runner.out("gradient of both", Type.BFLOAT16, count, 2L * size);
        Tensor weightGradients = runner.out("gradients of weights", Type.FLOAT32, count);
        steps.forward(given, w, inner);
        Tensor arriving = runner.half("gradient", gradient);
        steps.backward(given, w, arriving, again, bothGradient, weightGradients);
        Tensor place = runner.half("both, then its gradient", both);
        Tensor once = runner.out("inner once more", Type.BFLOAT16, count, size);
        steps.backward(place, w, arriving, once, place, runner.out("gradients of weights once more", Type.FLOAT32, count));
        NDList expected = runner.differentiate(new NDList(both, weights), new NDList(gradient), in -> {
            NDArray gate = in.get(0).get(":, 0:" + size);
            return new NDList(gate.div(gate.neg().exp().add(1)).mul(in.get(0).get(":, " + size + ":")).mul(in.get(1).expandDims(1)));
        });
        runner.run();
        runner.assertClose(expected.get(0), inner, ROUNDED);
        runner.assertClose(expected.get(0), again, ROUNDED);
        runner.assertClose(expected.get(1), bothGradient, ROUNDED);
        runner.assertClose(expected.get(2), weightGradients, 1e-5);
        runner.assertClose(runner.read(bothGradient), place, 0);
        runner.assertClose(runner.read(again), once, 0);
    }
}
