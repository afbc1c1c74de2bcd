/**
 * What reaches a person at a terminal: bars and lines that show how far long work is
 * ({@link ai.spattention.train.terminal.TrainingProgress}), and results. Nothing that a foreign text says commands the terminal, and a
 * result that could not be written is told.
 * Begin at {@link ai.spattention.train.terminal.TrainingProgress}.
 */
package ai.spattention.train.terminal;
