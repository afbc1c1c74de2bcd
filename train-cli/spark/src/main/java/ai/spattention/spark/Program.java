package ai.spattention.spark;

import java.util.concurrent.Callable;
import picocli.CommandLine;

/** What the programs for spark-submit share: options in, one line for each failure, and the exit codes of {@code spattn}. */
final class Program {

    private Program() {}

    static int run(Callable<Integer> program, String... arguments) {
        return new CommandLine(program).setStopAtPositional(program instanceof SparkLaunch)
                .setParameterExceptionHandler((failure, all) -> say(failure.getMessage(), CommandLine.ExitCode.USAGE))
                .setExecutionExceptionHandler((failure, line, result) -> say(explanation(failure), exitCode(failure)))
                .execute(arguments);
    }

    private static int say(String message, int exitCode) {
        System.err.println("spattn: " + message);
        return exitCode;
    }

    private static int exitCode(Exception failure) {
        boolean bad = failure instanceof RefusedException
                || failure instanceof ChildFailedException child && child.exitCode() == ChildFailedException.BAD_INPUT;
        return bad ? CommandLine.ExitCode.USAGE : CommandLine.ExitCode.SOFTWARE;
    }

    /** The first line of what went wrong: Spark tells the whole stack in its message. */
    static String explanation(Throwable failure) {
        return ChildFailedException.in(failure).map(Throwable::getMessage)
                .orElseGet(() -> String.valueOf(failure.getMessage()).lines().findFirst().orElse(failure.getClass().getSimpleName()));
    }
}
