package ai.spattention.crossentropy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.spattention.cuda.TensorView.Type;
import ai.spattention.plan.PlanRunner;
import ai.spattention.plan.Tensor;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The cross-entropy against its formula in float64, on a GPU. */
class CrossEntropyStepsGpuTest {

    private static final double ROUNDED = 5e-3;

    private final PlanRunner runner = new PlanRunner();
    private final CrossEntropySteps entropy = new CrossEntropySteps(runner.plan());

    @AfterEach
    void close() {
        runner.close();
    }

    /** Every third token has no target; the first rows belong to another slice. */
    @ParameterizedTest
    @CsvSource({"1, 48, 0", "7, 4096, 0", "300, 4112, 100", "20, 50304, 13"})
    void crossEntropyAndItsGradient(int tokens, int classes, int first) {
        Random random = new Random(7);
        long[] targets = new long[tokens];
        int count = 0;
        for (int t = 0; t < tokens; t++) {
            targets[t] = t % 3 == 1 ? -100 : random.nextInt(classes);
            count += t % 3 == 1 ? 0 : 1;
        }
        int own = tokens - first;
        NDArray logits = runner.rounded(own, classes);
        Tensor given = runner.in("targets", runner.manager().create(targets));
        Tensor x = runner.half("logits", logits);
        Tensor losses = runner.in("losses", runner.manager().zeros(new Shape(tokens)));
        Tensor counted = runner.out("count", Type.FLOAT32, 1);
        Tensor loss = runner.out("loss", Type.FLOAT32, 1);
        entropy.count(given, counted);
        entropy.gradients(x, given, losses, counted, first);
        entropy.mean(losses, counted, loss);

        double[] mask = new double[own * classes];
        for (int row = 0; row < own; row++) {
            if (targets[first + row] >= 0) {
                mask[row * classes + (int) targets[first + row]] = 1;
            }
        }
        NDArray taken = runner.manager().create(mask, new Shape(own, classes));
        double number = count;
        NDList expected = runner.differentiate(new NDList(logits), new NDList(runner.manager().create(new float[] {1})), in -> {
            NDArray minus = in.get(0).exp().sum(new int[] {1}, true).log().sub(in.get(0)).mul(taken);
            return new NDList(minus.sum().div(number).reshape(1));
        });
        NDArray exact = PlanRunner.exact(logits);
        double[] each = exact.exp().sum(new int[] {1}).log().sub(exact.mul(taken).sum(new int[] {1})).toDoubleArray();
        runner.run();
        assertEquals(count, runner.floats(counted)[0]);
        float[] found = runner.floats(losses);
        for (int t = 0; t < tokens; t++) {
            assertEquals(t < first || targets[t] < 0 ? 0 : each[t - first], found[t], 1e-4, "token " + t);
        }
        runner.assertClose(expected.get(0), loss, 1e-5);
        runner.assertClose(expected.get(1), x, ROUNDED);
    }

    @Test
    void aTargetThatIsNoClassGivesNoNumber() {
        Tensor targets = runner.in("targets", runner.manager().create(new long[] {48, 3}));
        Tensor losses = runner.out("losses", Type.FLOAT32, 2);
        Tensor count = runner.out("count", Type.FLOAT32, 1);
        Tensor loss = runner.out("loss", Type.FLOAT32, 1);
        entropy.count(targets, count);
        entropy.gradients(runner.half("logits", runner.rounded(2, 48)), targets, losses, count, 0);
        entropy.mean(losses, count, loss);
        runner.run();
        assertTrue(Float.isNaN(runner.floats(losses)[0]) && runner.floats(losses)[1] > 0);
        assertTrue(Float.isNaN(runner.floats(loss)[0]));
    }

    @ParameterizedTest
    @CsvSource({"1", "1023", "1025", "70000"})
    void meansOfManyLosses(int tokens) {
        long[] targets = new Random(7).longs(tokens, 0, 3).map(target -> target == 0 ? -100 : target).toArray();
        targets[0] = 1;
        NDArray losses = runner.random(tokens).abs();
        Tensor count = runner.out("count", Type.FLOAT32, 1);
        Tensor loss = runner.out("loss", Type.FLOAT32, 1);
        entropy.count(runner.in("targets", runner.manager().create(targets)), count);
        entropy.mean(runner.in("losses", losses), count, loss);
        double number = Arrays.stream(targets).filter(target -> target >= 0).count();
        NDArray expected = PlanRunner.exact(losses).sum().div(number).reshape(1);
        runner.run();
        assertEquals(number, runner.floats(count)[0]);
        runner.assertClose(expected, loss, 1e-5);
    }
}
