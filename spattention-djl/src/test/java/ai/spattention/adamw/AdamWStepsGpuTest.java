package ai.spattention.adamw;

import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.spattention.cuda.TensorView.Type;
import ai.spattention.plan.PlanRunner;
import ai.spattention.plan.Tensor;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Weights in halves, bit by bit, on a GPU. */
class AdamWStepsGpuTest {

    private static final int[] SPECIAL = {0, 0x80000000, 1, 0x80000001, 0x007FFFFF, 0x00800000, 0x7F7FFFFF, 0xFF7FFFFF, 0x7F800000,
        0xFF800000, 0x3F807FFF, 0x3F808000, 0x3F808001, 0xBF808000, 0x3F817FFF, 0x7F808000};

    @ParameterizedTest
    @ValueSource(ints = {16, 1008, 1024, 4112, 100_000})
    void halvesPutTogetherAreTheNumber(int count) {
        try (PlanRunner runner = new PlanRunner()) {
            Random random = new Random(7);
            float[] numbers = new float[count];
            for (int i = 0; i < count; i++) {
                numbers[i] = i < SPECIAL.length ? Float.intBitsToFloat(SPECIAL[i]) : (float) random.nextGaussian();
            }
            Tensor weights = runner.in("weights", runner.manager().create(numbers));
            Tensor high = runner.out("high", Type.BFLOAT16, count);
            Tensor low = runner.out("low", Type.BFLOAT16, count);
            Tensor joined = runner.out("joined", Type.FLOAT32, count);
            runner.plan().add(AdamWSteps.split(runner.target(), weights, high, low));
            runner.plan().add(AdamWSteps.join(runner.target(), high, low, joined));
            runner.run();
            float[] exact = runner.floats(joined);
            float[] upper = runner.floats(high);
            for (int i = 0; i < count; i++) {
                int bits = Float.floatToRawIntBits(numbers[i]);
                assertEquals(bits, Float.floatToRawIntBits(exact[i]), "number " + i);
                int rounded = (bits + 0x8000) >> 16 << 16; // to the nearest, ties away from zero
                assertEquals(rounded, Float.floatToRawIntBits(upper[i]), "upper half of number " + i);
            }
        }
    }
}
