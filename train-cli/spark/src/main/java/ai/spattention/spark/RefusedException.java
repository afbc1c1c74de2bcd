package ai.spattention.spark;

/** The input has to be changed: trying again would not help, and the exit code is 2. */
final class RefusedException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    RefusedException(String message) {
        super(message);
    }
}
