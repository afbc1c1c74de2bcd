package ai.spattention.train.loop;

/** A run that cannot go on, though its input was sound. */
public final class TrainingFailedException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    /**
     * Creates the exception.
     *
     * @param message one line: what happened and what to do
     */
    public TrainingFailedException(String message) {
        super(message);
    }

    /**
     * Creates the exception with the failure behind it.
     *
     * @param message one line: what happened and what to do
     * @param cause the failure that was met
     */
    public TrainingFailedException(String message, Throwable cause) {
        super(message, cause);
    }
}
