package ai.spattention.train.config;

import ai.spattention.Precision;
import ai.spattention.olmoe.keys.InvalidKeyException;
import ai.spattention.olmoe.keys.Key;
import ai.spattention.olmoe.keys.Range;
import ai.spattention.olmoe.keys.RecordKeys;

/** AdamW, with the letters of Loshchilov and Hutter, "Decoupled Weight Decay Regularization" (arXiv 1711.05101). */
public record OptimizerConfig(
        @Key(meaning = "highest learning rate of the schedule")
        @Range(min = 0, minExcluded = true) double peakLr,
        @Key(meaning = "decay of the mean of gradients, β1", defaultValue = "0.9")
        @Range(min = 0, max = 1, maxExcluded = true) double beta1,
        @Key(meaning = "decay of the mean of squared gradients, β2", defaultValue = "0.95")
        @Range(min = 0, max = 1, maxExcluded = true) double beta2,
        @Key(meaning = "what is added to the root of the mean square, ε", defaultValue = "1.0e-8")
        @Range(min = 0, minExcluded = true) double epsilon,
        @Key(meaning = "decoupled decay of the weights per unit of learning rate, λ", defaultValue = "0.1")
        @Range(min = 0) double weightDecay,
        @Key(meaning = "number format in which both moving means are kept between steps; bfloat16 halves their memory",
                defaultValue = "float32") Precision statePrecision) {

    private static final RecordKeys<OptimizerConfig> KEYS = RecordKeys.of(OptimizerConfig.class);

    /**
     * Checks the values.
     *
     * @throws InvalidKeyException if a value is out of range
     */
    public OptimizerConfig {
        KEYS.check("optimizer", peakLr, beta1, beta2, epsilon, weightDecay, statePrecision);
    }
}
