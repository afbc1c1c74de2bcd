package ai.spattention.train.config;

import ai.spattention.olmoe.keys.InvalidKeyException;
import ai.spattention.olmoe.keys.Key;
import ai.spattention.olmoe.keys.Range;
import ai.spattention.olmoe.keys.RecordKeys;

/**
 * The training loop. A step is one update of the weights. A YAML file may give {@code tokens} instead of {@code steps}: they
 * become whole steps, rounded up, when it is read.
 */
public record TrainingConfig(
        @Key(meaning = "optimizer steps of the whole run", unit = "steps")
        @Range(min = 1) int steps,
        @Key(meaning = "sequences of one forward and backward pass, B", unit = "sequences")
        @Range(min = 1) int microBatch,
        @Key(meaning = "micro batches of a step", unit = "micro batches", defaultValue = "1")
        @Range(min = 1) int gradientAccumulationSteps,
        @Key(meaning = "global norm that gradients are scaled down to; 0 for no clipping", defaultValue = "1.0")
        @Range(min = 0) double maxGradNorm,
        @Key(meaning = "weight of the load-balancing loss", defaultValue = "0.01")
        @Range(min = 0) double loadBalancingLossWeight,
        @Key(meaning = "weight of the router's z-loss", defaultValue = "0.001")
        @Range(min = 0) double routerZLossWeight,
        @Key(meaning = "what is kept of each layer for the backward pass, less for less memory and more work: everything (none), what costs"
                + " much for its memory (selective, in a planned pass), each layer's input (full); auto: the fastest whose memory the GPU"
                + " has, none on a processor; true and false in a file stand for full and none", defaultValue = "auto")
        ActivationCheckpointing activationCheckpointing,
        @Key(meaning = "how training passes run: as a plan of GPU launches (bfloat16), or by the model's blocks; auto: as a plan where the"
                + " model and the GPU allow it", defaultValue = "auto") PassMode pass,
        @Key(meaning = "whether a planned pass is started as one CUDA graph", defaultValue = "auto") GraphMode cudaGraph,
        @Key(meaning = "what the device can do at most, for the model-FLOP utilisation; null for what is known of the device",
                unit = "10^12 operations a second", defaultValue = "null")
        @Range(min = 0, minExcluded = true) Double peakTflops) {

    private static final RecordKeys<TrainingConfig> KEYS = RecordKeys.of(TrainingConfig.class);

    /**
     * Checks the values.
     *
     * @throws InvalidKeyException if a value is out of range
     */
    public TrainingConfig {
        KEYS.check("training", steps, microBatch, gradientAccumulationSteps, maxGradNorm, loadBalancingLossWeight, routerZLossWeight,
                activationCheckpointing, pass, cudaGraph, peakTflops);
    }
}
