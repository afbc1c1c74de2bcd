package ai.spattention.adamw;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.spattention.cuda.TensorView.Type;
import ai.spattention.plan.PlanRunner;
import ai.spattention.plan.Tensor;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** An update against its formula in float64, and weights in two halves against whole ones bit by bit, on a GPU. */
class AdamWStepsGpuTest {

    private static final AdamWSteps.Constants CONSTANTS = new AdamWSteps.Constants(0.9, 0.95, 1e-8);
    private static final double RATE = 0.01;
    private static final double DECAY = 0.1;
    private static final int DIVISOR = 4;

    /** maxNorm 0: no clipping. A loss that is no number skips the update. */
    @ParameterizedTest
    @CsvSource({"64, 0, false", "1024, 1, false", "4160, 0.5, true", "100032, 1, false"})
    void halvesAreUpdatedAsWholeNumbers(int count, double maxNorm, boolean bad) {
        try (PlanRunner runner = new PlanRunner()) {
            NDArray numbers = runner.rounded(count);
            NDArray gradients = runner.random(count);
            Tensor weights = runner.in("weights", numbers);
            Tensor high = runner.half("high", numbers);
            Tensor low = runner.shorts("low", new short[count], count);
            Tensor g = runner.in("gradients", gradients);
            Tensor parts = runner.out("sums of squares", Type.INT64, AdamWSteps.parts(count));
            Tensor state = runner.out("state", Type.FLOAT32, AdamWSteps.STATE_SIZE);
            Tensor updates = runner.in("updates", runner.manager().zeros(new Shape(1), DataType.INT64));
            AdamWSteps.squares(runner.plan(), g, parts);
            AdamWSteps.begin(runner.plan(), parts, runner.in("loss", runner.manager().create(new float[] {bad ? Float.NaN : 1})),
                    runner.in("rates", runner.manager().create(new float[] {0, (float) RATE})), updates, state, DIVISOR, maxNorm, CONSTANTS);
            AdamWSteps.update(runner.plan(), weights, moments(runner, g, "of whole numbers"), state, CONSTANTS, DECAY);
            AdamWSteps.update(runner.plan(), high, low, moments(runner, g, "of halves"), state, CONSTANTS, DECAY);
            NDArray mean = PlanRunner.exact(gradients).div(DIVISOR);
            double norm = Math.sqrt(mean.square().sum().getDouble());
            NDArray clipped = maxNorm > 0 && norm > maxNorm ? mean.mul(maxNorm / norm) : mean;
            NDArray before = PlanRunner.exact(numbers); // after the first update the corrected moments are g and g²
            NDArray after = before.sub(before.mul(DECAY).add(clipped.div(clipped.abs().add(CONSTANTS.epsilon()))).mul(RATE));
            runner.run();
            runner.assertClose(bad ? before : after, weights, bad ? 0 : 1e-6);
            assertEquals(bad ? 0 : 1, runner.integers(updates)[0]);
            assertEquals(norm, runner.floats(state)[AdamWSteps.STATE_NORM], 1e-4 * norm);
            assertEquals(bad ? 1 : 0, runner.floats(state)[AdamWSteps.STATE_SKIPPED]);
            float[] whole = runner.floats(weights);
            float[] upper = runner.floats(high);
            long[] lower = runner.integers(low);
            for (int i = 0; i < count; i++) {
                assertEquals((long) Float.floatToRawIntBits(whole[i]), Float.floatToRawIntBits(upper[i]) + lower[i], "bits of number " + i);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {64, 1088, 100032})
    void gradientsAreAddedToSums(int count) {
        try (PlanRunner runner = new PlanRunner()) {
            NDArray gradients = runner.random(count);
            NDArray before = runner.random(count);
            float[] expected = gradients.add(before).toFloatArray();
            Tensor sums = runner.in("sums", before);
            AdamWSteps.accumulate(runner.plan(), runner.in("gradients", gradients), sums);
            runner.run();
            assertArrayEquals(expected, runner.floats(sums), "bit by bit");
        }
    }

    private static AdamWSteps.Moments moments(PlanRunner runner, Tensor gradients, String name) {
        Shape shape = new Shape(gradients.elements());
        return new AdamWSteps.Moments(gradients, runner.in("means " + name, runner.manager().zeros(shape)),
                runner.in("variances " + name, runner.manager().zeros(shape)));
    }
}
