/**
 * What a run does between its steps: it validates the model, scores it on benchmark tasks, probes it and samples text. Begin with
 * {@link ai.spattention.train.loop.periodic.Periodic}.
 */
package ai.spattention.train.loop.periodic;
