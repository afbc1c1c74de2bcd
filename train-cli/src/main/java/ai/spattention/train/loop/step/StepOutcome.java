package ai.spattention.train.loop.step;

import ai.spattention.olmoe.loss.LossValues;

/**
 * What an optimizer step was.
 *
 * @param loss the means over the micro-batches
 * @param gradientNorm the global norm of the gradients' mean over the micro-batches, before clipping
 * @param skipped whether the weights stayed as they were, for one of the two is not finite
 */
public record StepOutcome(LossValues loss, double gradientNorm, boolean skipped) {}
