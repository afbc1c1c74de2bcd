/**
 * What this machine is and has: its GPUs and their names, PyTorch's libraries for them ({@link ai.spattention.train.machine.NativesInstaller}
 * fetches those), and whether what a run needs works here ({@link ai.spattention.train.machine.Doctor}). What may crash is tried in a
 * process of its own.
 * Begin at {@link ai.spattention.train.machine.Doctor}.
 */
package ai.spattention.train.machine;
