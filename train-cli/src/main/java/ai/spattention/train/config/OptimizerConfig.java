package ai.spattention.train.config;

import ai.spattention.Precision;

/**
 * AdamW, with the letters of Loshchilov and Hutter, "Decoupled Weight Decay Regularization" (arXiv 1711.05101).
 *
 * @param peakLr the schedule's highest learning rate, above 0
 * @param beta1 β1, decay of the mean of gradients, in [0, 1); default 0.9
 * @param beta2 β2, decay of the mean of squared gradients, in [0, 1); default 0.95
 * @param epsilon ε, added to the root of the mean square, above 0; default 1e-8
 * @param weightDecay λ, decoupled decay per unit of learning rate, at least 0; default 0.1
 * @param statePrecision the number format in which both moving means are kept between steps; bfloat16 halves their memory; default
 *     {@code float32}
 */
public record OptimizerConfig(double peakLr, double beta1, double beta2, double epsilon, double weightDecay,
        Precision statePrecision) implements Section {

    /**
     * Checks the values.
     *
     * @throws ai.spattention.common.InvalidInputException if a value is out of range
     */
    public OptimizerConfig {
        Require.positive("optimizer.peak_lr", peakLr);
        Require.that(beta1 >= 0 && beta1 < 1, "optimizer.beta1", "must lie in [0, 1)", beta1);
        Require.that(beta2 >= 0 && beta2 < 1, "optimizer.beta2", "must lie in [0, 1)", beta2);
        Require.positive("optimizer.epsilon", epsilon);
        Require.notNegative("optimizer.weight_decay", weightDecay);
    }
}
