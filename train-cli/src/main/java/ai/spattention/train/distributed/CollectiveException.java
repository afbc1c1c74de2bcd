package ai.spattention.train.distributed;

/** What the processes of a run were to do together failed, though each one's input was sound. */
public final class CollectiveException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    /**
     * Creates the exception.
     *
     * @param message one line: the operation, what failed, and what to do
     */
    public CollectiveException(String message) {
        super(message);
    }

    /**
     * Creates the exception with the failure behind it.
     *
     * @param message one line: the operation, what failed, and what to do
     * @param cause the failure that was met
     */
    public CollectiveException(String message, Throwable cause) {
        super(message, cause);
    }
}
