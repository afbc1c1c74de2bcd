/** One optimizer step of a model, by its blocks or as a plan. Begin with {@link ai.spattention.train.loop.step.TrainStep}. */
package ai.spattention.train.loop.step;
