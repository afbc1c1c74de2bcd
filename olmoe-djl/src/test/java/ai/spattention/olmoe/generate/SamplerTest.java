package ai.spattention.olmoe.generate;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import ai.spattention.common.InvalidInputException;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SamplerTest {

    private static final int DRAWS = 40_000;

    /** Probabilities 0.1, 0.4, 0.2, 0.3 at temperature 1. */
    private static final float[] LOGITS = {(float) Math.log(0.1), (float) Math.log(0.4), (float) Math.log(0.2),
            (float) Math.log(0.3)};

    private static double[] frequencies(Sampling sampling, float[] logits) {
        Sampler sampler = new Sampler(sampling);
        double[] counts = new double[logits.length];
        for (int i = 0; i < DRAWS; i++) {
            counts[sampler.draw(logits)] += 1.0 / DRAWS;
        }
        return counts;
    }

    @Test
    void drawsByProbability() {
        assertArrayEquals(new double[] {0.1, 0.4, 0.2, 0.3}, frequencies(new Sampling(1, 0, 1, 5), LOGITS), 0.01);
    }

    @Test
    void temperatureSharpens() {
        // squares of the probabilities, over their sum 0.3
        assertArrayEquals(new double[] {0.01 / 0.3, 0.16 / 0.3, 0.04 / 0.3, 0.09 / 0.3},
                frequencies(new Sampling(0.5, 0, 1, 5), LOGITS), 0.01);
    }

    @Test
    void topKKeepsTheLikeliest() {
        assertArrayEquals(new double[] {0, 0.4 / 0.7, 0, 0.3 / 0.7}, frequencies(new Sampling(1, 2, 1, 5), LOGITS), 0.01);
        assertArrayEquals(new double[] {0.1, 0.4, 0.2, 0.3}, frequencies(new Sampling(1, 9, 1, 5), LOGITS), 0.01);
    }

    @Test
    void topPKeepsTheFewestThatReachIt() {
        assertArrayEquals(new double[] {0, 1, 0, 0}, frequencies(new Sampling(1, 0, 0.39, 5), LOGITS), 1e-9);
        assertArrayEquals(new double[] {0, 0.4 / 0.7, 0, 0.3 / 0.7}, frequencies(new Sampling(1, 0, 0.5, 5), LOGITS), 0.01);
        // of the 3 likeliest (0.9 together) those that reach 0.7 · 0.9 = 0.63
        assertArrayEquals(new double[] {0, 0.4 / 0.7, 0, 0.3 / 0.7}, frequencies(new Sampling(1, 3, 0.7, 5), LOGITS), 0.01);
    }

    @Test
    void temperatureZeroTakesTheLikeliestAndTheFirstOfEquals() {
        Sampler greedy = new Sampler(Sampling.GREEDY);
        assertEquals(1, greedy.draw(LOGITS));
        assertEquals(2, greedy.draw(new float[] {-3, -2, -1, -1}));
        assertEquals(0, greedy.draw(new float[] {0f, -0f, -1e30f}));
        assertEquals(1, greedy.draw(new float[] {Float.NEGATIVE_INFINITY, -5, Float.NEGATIVE_INFINITY}));
    }

    @Test
    void tinyTemperatureIsGreedy() {
        assertArrayEquals(new double[] {0, 1, 0, 0}, frequencies(new Sampling(1e-300, 0, 1, 5), LOGITS), 1e-9);
    }

    @Test
    void theSeedFixesTheDraws() {
        float[] logits = new float[50];
        Random random = new Random(1);
        IntStream.range(0, 50).forEach(i -> logits[i] = (float) random.nextGaussian());
        int[] first = draws(new Sampler(new Sampling(1, 0, 0.9, 7)), logits);
        assertArrayEquals(first, draws(new Sampler(new Sampling(1, 0, 0.9, 7)), logits));
        assertEquals(false, java.util.Arrays.equals(first, draws(new Sampler(new Sampling(1, 0, 0.9, 8)), logits)));
    }

    private static int[] draws(Sampler sampler, float[] logits) {
        return IntStream.range(0, 30).map(i -> sampler.draw(logits)).toArray();
    }

    @Test
    void refusesNaN() {
        assertEquals("the model's logits are not numbers (NaN): its weights are damaged or its training diverged",
                assertThrows(IllegalStateException.class,
                        () -> new Sampler(Sampling.GREEDY).draw(new float[] {1, Float.NaN})).getMessage());
    }

    @Test
    void rejectsSettingsOutOfRange() {
        assertEquals("the temperature must be at least 0 (got -1.0)", message(-1, 0, 1));
        assertEquals("top-k must be at least 0, where 0 keeps every token (got -2)", message(1, -2, 1));
        assertEquals("top-p must lie in (0, 1], where 1 keeps every token (got 0.0)", message(1, 0, 0));
        assertEquals("top-p must lie in (0, 1], where 1 keeps every token (got NaN)", message(1, 0, Double.NaN));
    }

    private static String message(double temperature, int topK, double topP) {
        return assertThrows(InvalidInputException.class, () -> new Sampling(temperature, topK, topP, 0)).getMessage();
    }
}
