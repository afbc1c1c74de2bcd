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
}
