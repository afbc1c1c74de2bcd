/**
 * What a command does from its checked options to its results: a training run, a study, scores; and the folder of a run. Begin at {@link
 * ai.spattention.train.cli.session.TrainingSession}.
 */
package ai.spattention.train.cli.session;
