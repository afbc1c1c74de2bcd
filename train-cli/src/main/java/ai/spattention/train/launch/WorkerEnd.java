package ai.spattention.train.launch;

/**
 * How a worker ended.
 *
 * @param name which one
 * @param code its exit code; 128 and a signal's number for one that a signal ended
 */
public record WorkerEnd(String name, int code) {

    /** The program's exit code for bad input or configuration. */
    public static final int BAD_INPUT = 2;

    private static final int SIGNALLED = 128;

    boolean isFailure() {
        return code != 0;
    }

    /** Whoever begins again with the same input ends in the same way. */
    boolean isBadInput() {
        return code == BAD_INPUT;
    }

    /** Whether it left as a Java machine does that was asked to: by SIGHUP, SIGINT or SIGTERM. */
    boolean isStop() {
        return code == SIGNALLED + 1 || code == SIGNALLED + 2 || code == SIGNALLED + 15;
    }

    /** What the run ends with for its sake: a signal that ended a worker is a failure like others. */
    int exitCode() {
        return code > SIGNALLED ? 1 : code;
    }

    @Override
    public String toString() {
        return name + (code > SIGNALLED ? " was killed by signal " + (code - SIGNALLED) : " ended with exit code " + code);
    }
}
