/**
 * A training run: optimizer steps, what is due between them, metrics, checkpoints and a model out. Begin with
 * {@link ai.spattention.train.loop.TrainingRun#run}, whose parts stand in packages of their own: {@code setup}, {@code step},
 * {@code periodic} and {@code observer}.
 */
package ai.spattention.train.loop;
