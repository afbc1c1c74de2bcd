/** The command line: one class a command, arguments in, exit codes out; the work is done elsewhere. */
package ai.spattention.train.cli;
