package ai.spattention.spark;

/** A child ended with another exit code than 0. */
final class ChildFailedException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    /** The exit code for input that has to be changed. */
    static final int BAD_INPUT = 2;

    private ChildFailedException(String message) {
        super(message);
    }

    /** Says who ended how; a refusal where the child refused its input. */
    static RuntimeException of(String name, ChildProcess.Ending ending) {
        String line = ending.lastLine().replaceFirst("^spattn: ", "");
        String message = name + " ended with exit code " + ending.exitCode() + (line.isEmpty() ? "" : ": " + line);
        return ending.exitCode() == BAD_INPUT ? new RefusedException(message) : new ChildFailedException(message);
    }
}
