package ai.spattention.train.loop;

import java.util.OptionalDouble;

/**
 * What happened in a step.
 *
 * @param step the step, from 1 on
 * @param tokens the tokens learned from so far
 * @param loss the mean cross-entropy of the step's tokens, nats
 * @param lossAux the load-balancing loss, unweighted
 * @param lossZ the router z-loss, unweighted
 * @param gradientNorm the norm of all gradients, before clipping
 * @param learningRate the learning rate
 * @param tokensPerSecond the step's speed, validation and checkpoints left aside
 * @param elapsedSeconds the time since the run began, earlier parts of a resumed run included
 * @param skipped whether the update was left out because the loss or a gradient was not finite
 * @param validationLoss the mean cross-entropy on held-out text where it was measured after this step
 * @param expertLoad for each layer the share of (token, slot) pairs that each expert got
 */
public record StepReport(long step, long tokens, double loss, double lossAux, double lossZ, double gradientNorm,
        double learningRate, double tokensPerSecond, double elapsedSeconds, boolean skipped, OptionalDouble validationLoss,
        double[][] expertLoad) {}
