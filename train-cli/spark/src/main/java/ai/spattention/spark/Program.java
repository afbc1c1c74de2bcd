package ai.spattention.spark;

import java.util.concurrent.Callable;
import picocli.CommandLine;

/** What the programs for spark-submit share: options in, one line for each failure, and the exit codes of {@code spattn}. */
final class Program {

    private Program() {}

    static int run(Callable<Integer> program, String... arguments) {
        return new CommandLine(program).setStopAtPositional(program instanceof SparkLaunch)
                .setParameterExceptionHandler((failure, all) -> say(failure.getMessage(), CommandLine.ExitCode.USAGE))
                .setExecutionExceptionHandler((exception, line, result) -> {
                    JobFailure failure = JobFailure.of(exception);
                    return say(failure.message(), failure.isRefusal() ? CommandLine.ExitCode.USAGE : CommandLine.ExitCode.SOFTWARE);
                })
                .execute(arguments);
    }

    private static int say(String message, int exitCode) {
        System.err.println("spattn: " + message);
        return exitCode;
    }
}
