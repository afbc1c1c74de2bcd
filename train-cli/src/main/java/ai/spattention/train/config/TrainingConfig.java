package ai.spattention.train.config;

/**
 * The training loop. A step is one update of the weights. A YAML file may give {@code tokens} instead of {@code steps}: they
 * become whole steps, rounded up, when it is read.
 *
 * @param steps optimizer steps of the whole run, at least 1
 * @param microBatch B, sequences of one forward and backward pass, at least 1
 * @param gradientAccumulationSteps micro batches of a step, at least 1; default 1
 * @param maxGradNorm the global norm that gradients are scaled down to, at least 0; 0 for no clipping; default 1
 * @param loadBalancingLossWeight weight of the load-balancing loss, at least 0; default 0.01
 * @param routerZLossWeight weight of the router's z-loss, at least 0; default 0.001
 * @param activationCheckpointing what is kept of each layer for the backward pass; default {@code auto}. {@code true} and {@code false}
 *     in a file stand for {@code full} and {@code none}
 * @param pass how training passes run; default {@code auto}
 * @param cudaGraph whether a planned pass is started as one CUDA graph; default {@code auto}
 * @param peakTflops what the device can do at most, in 10^12 floating-point operations a second, above 0, for the model-FLOP
 *     utilisation; null, the default, for what is known of the device
 */
public record TrainingConfig(int steps, int microBatch, int gradientAccumulationSteps, double maxGradNorm,
        double loadBalancingLossWeight, double routerZLossWeight, ActivationCheckpointing activationCheckpointing,
        PassMode pass, GraphMode cudaGraph, Double peakTflops) implements Section {

    /**
     * Checks the values.
     *
     * @throws ai.spattention.common.InvalidInputException if a value is out of range
     */
    public TrainingConfig {
        Require.atLeast("training.steps", steps, 1);
        Require.atLeast("training.micro_batch", microBatch, 1);
        Require.atLeast("training.gradient_accumulation_steps", gradientAccumulationSteps, 1);
        Require.notNegative("training.max_grad_norm", maxGradNorm);
        Require.notNegative("training.load_balancing_loss_weight", loadBalancingLossWeight);
        Require.notNegative("training.router_z_loss_weight", routerZLossWeight);
        if (peakTflops != null) {
            Require.positive("training.peak_tflops", peakTflops);
        }
    }
}
