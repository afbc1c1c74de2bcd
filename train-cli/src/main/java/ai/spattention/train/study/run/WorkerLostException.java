package ai.spattention.train.study.run;

/** A run failed with whatever does runs on its device. */
public final class WorkerLostException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    /**
     * Creates the failure.
     *
     * @param message what happened
     */
    public WorkerLostException(String message) {
        super(message);
    }
}
