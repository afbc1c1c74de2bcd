/**
 * Starts the processes of one run on this machine, watches them, ends them together and begins again after a failure. It knows only a command
 * to start, nothing of training. Begin with {@link ai.spattention.train.launch.Supervisor}.
 */
package ai.spattention.train.launch;
