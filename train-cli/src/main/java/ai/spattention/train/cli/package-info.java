/**
 * The command line: one class a command, arguments in, exit codes out; {@link ai.spattention.train.cli.Main} lists the commands. Begin
 * with the class that has the command's name. Benchmarks are in {@code bench}, options that commands share in {@code option}, and what
 * takes more than a few lines to set up in {@code session}; the work itself is done in other packages.
 */
package ai.spattention.train.cli;
