package ai.spattention.olmoe.generate;

import java.util.Arrays;
import java.util.Random;

/**
 * Draws tokens from logits: divided by the temperature, cut to the K likeliest, then to the fewest likeliest that reach
 * top-p. The same logits and seed give the same tokens on every machine. Not safe for use by several threads at once.
 */
final class Sampler {

    private final Sampling sampling;
    private final Random random;

    Sampler(Sampling sampling) {
        this.sampling = sampling;
        random = new Random(sampling.seed());
    }

    /**
     * Draws a token.
     *
     * @param logits one for each token of the vocabulary
     * @return the token's id
     * @throws IllegalStateException if a logit is NaN
     */
    int draw(float[] logits) {
        for (float logit : logits) {
            if (Float.isNaN(logit)) {
                throw new IllegalStateException("the model's logits are not numbers (NaN): its weights are damaged or its"
                        + " training diverged");
            }
        }
        int[] order = likeliestFirst(logits);
        if (sampling.temperature() == 0) {
            return order[0];
        }
        int kept = sampling.topK() == 0 ? order.length : Math.min(sampling.topK(), order.length);
        double[] cumulative = new double[kept];
        double sum = 0;
        for (int i = 0; i < kept; i++) {
            // relative to the likeliest, which keeps exp in range
            sum += Math.exp((logits[order[i]] - (double) logits[order[0]]) / sampling.temperature());
            cumulative[i] = sum;
        }
        int last = firstAtLeast(cumulative, kept, sampling.topP() * sum);
        int drawn = firstAbove(cumulative, last + 1, random.nextDouble() * cumulative[last]);
        return order[drawn];
    }

    /** The ids by falling logit, equal ones by rising id. */
    private static int[] likeliestFirst(float[] logits) {
        long[] keys = new long[logits.length];
        for (int id = 0; id < logits.length; id++) {
            int bits = Float.floatToIntBits(logits[id] + 0f); // adding 0 makes one zero of two
            int rising = bits < 0 ? ~bits ^ Integer.MIN_VALUE : bits; // as an integer in the order of the floats
            keys[id] = ((long) ~rising << 32) | id;
        }
        Arrays.sort(keys);
        return Arrays.stream(keys).mapToInt(key -> (int) key).toArray();
    }

    private static int firstAtLeast(double[] cumulative, int count, double bound) {
        int i = 0;
        while (i < count - 1 && cumulative[i] < bound) {
            i++;
        }
        return i;
    }

    private static int firstAbove(double[] cumulative, int count, double bound) {
        int i = 0;
        while (i < count - 1 && cumulative[i] <= bound) {
            i++;
        }
        return i;
    }
}
