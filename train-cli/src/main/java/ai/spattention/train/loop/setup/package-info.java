/**
 * What a run's configuration comes to before anything runs: the model, the schedule, the way of its passes and their memory. Begin with
 * {@link ai.spattention.train.loop.setup.PassChoice}.
 */
package ai.spattention.train.loop.setup;
