package ai.spattention.spark;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A child ended with another exit code than 0. Its message is found again in what Spark makes of it on the way to the driver. */
final class ChildFailedException extends RuntimeException {

    private static final long serialVersionUID = 1L;
    private static final Pattern MESSAGE = Pattern.compile("ChildFailedException: (.* ended with exit code ([0-9]+)(: .*)?)");

    /** The exit code for input that has to be changed. */
    static final int BAD_INPUT = 2;

    private final int exitCode;

    private ChildFailedException(String message, int exitCode) {
        super(message);
        this.exitCode = exitCode;
    }

    /** Says who ended how. */
    static ChildFailedException of(String name, ChildProcess.Ending ending) {
        String line = ending.lastLine().replaceFirst("^spattn: ", "");
        return new ChildFailedException(name + " ended with exit code " + ending.exitCode() + (line.isEmpty() ? "" : ": " + line),
                ending.exitCode());
    }

    /** The failure of a child that made a job fail; empty if the job failed for another reason. */
    static Optional<ChildFailedException> in(Throwable failure) {
        Matcher message = MESSAGE.matcher(String.valueOf(failure.getMessage()));
        return message.find() ? Optional.of(new ChildFailedException(message.group(1), Integer.parseInt(message.group(2)))) : Optional.empty();
    }

    int exitCode() {
        return exitCode;
    }
}
