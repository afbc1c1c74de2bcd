package ai.spattention.embedding;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import ai.spattention.cuda.TensorView.Type;
import ai.spattention.plan.PlanRunner;
import ai.spattention.plan.Tensor;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Rows of an embedding and their gradients against plain Java, on a GPU. */
class EmbeddingStepsGpuTest {

    /** The upper or the lower halves of float32 numbers: bits = upper · 65536 + lower. */
    private static short[] halves(NDArray numbers, boolean upper) {
        float[] values = numbers.toFloatArray();
        short[] halves = new short[values.length];
        for (int i = 0; i < values.length; i++) {
            int bits = Float.floatToRawIntBits(values[i]);
            halves[i] = (short) (upper ? bits + 0x8000 >> 16 : bits);
        }
        return halves;
    }

    @ParameterizedTest
    @CsvSource({"1, 1, 16, -1", "1, 7, 48, 3", "700, 31, 1040, -1", "130, 1000, 2048, 5", "65, 2, 64, 1", "300, 1, 512, -1",
        "300, 1, 64, 0"})
    void rowsAndTheirGradients(int tokens, int vocabulary, int size, int leftOut) {
        try (PlanRunner runner = new PlanRunner()) {
            Random random = new Random(7);
            long[] ids = random.longs(tokens, 0, vocabulary).toArray();
            NDArray weights = runner.random(vocabulary, size);
            NDArray gradient = runner.random(tokens, size);
            NDArray before = runner.random(vocabulary, size);
            Tensor given = runner.in("tokens", runner.manager().create(ids, new Shape(tokens)));
            Tensor high = runner.shorts("high", halves(weights, true), vocabulary, size);
            Tensor low = runner.shorts("low", halves(weights, false), vocabulary, size);
            Tensor x = runner.out("x", Type.FLOAT32, tokens, size);
            Tensor out = runner.in("gradient of the embedding", before);
            EmbeddingSteps steps = new EmbeddingSteps(runner.plan());
            steps.forward(given, high, low, x);
            steps.backward(given, runner.in("gradient", gradient), out, leftOut);
            float[] exact = weights.toFloatArray();
            float[] rows = new float[tokens * size];
            float[] arriving = gradient.toFloatArray();
            double[] expected = PlanRunner.exact(before).toDoubleArray();
            for (int t = 0; t < tokens; t++) {
                System.arraycopy(exact, (int) ids[t] * size, rows, t * size, size);
                for (int i = 0; i < size && ids[t] != leftOut; i++) {
                    expected[(int) ids[t] * size + i] += arriving[t * size + i];
                }
            }
            runner.run();
            assertArrayEquals(rows, runner.floats(x), "rows are exact");
            runner.assertClose(runner.manager().create(expected, new Shape(vocabulary, size)), out, 1e-6);
        }
    }

    @ParameterizedTest
    @CsvSource({"-1", "3", "4294967296"})
    void aTokenThatDoesNotExistGivesNoNumbersAndNoGradient(long token) {
        try (PlanRunner runner = new PlanRunner()) {
            NDArray weights = runner.random(3, 16);
            NDArray before = runner.random(3, 16);
            Tensor given = runner.in("tokens", runner.manager().create(new long[] {1, token}));
            Tensor high = runner.shorts("high", halves(weights, true), 3, 16);
            Tensor low = runner.shorts("low", halves(weights, false), 3, 16);
            Tensor x = runner.out("x", Type.FLOAT32, 2, 16);
            Tensor out = runner.in("gradient of the embedding", before);
            EmbeddingSteps steps = new EmbeddingSteps(runner.plan());
            steps.forward(given, high, low, x);
            steps.backward(given, runner.in("gradient", runner.manager().ones(new Shape(2, 16))), out, -1);
            runner.run();
            float[] found = runner.floats(x);
            float[] sums = runner.floats(out);
            for (int i = 0; i < 16; i++) {
                assertEquals(weights.getFloat(1, i), found[i]);
                assertEquals(Float.NaN, found[16 + i]);
                for (int row = 0; row < 3; row++) {
                    assertEquals(before.getFloat(row, i) + (row == 1 ? 1 : 0), sums[16 * row + i]);
                }
            }
        }
    }
}
