package ai.spattention.cuda;

/**
 * A driver that does not record some work as a {@link CudaGraph}, though nothing else is wrong. None of the work has run, so that it can
 * still be put on the stream launch by launch.
 */
public final class GraphRefusedException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    /**
     * Says so.
     *
     * @param message which call was refused, and with which error
     * @param cause what the call, or the work itself, failed with
     */
    public GraphRefusedException(String message, Throwable cause) {
        super(message, cause);
    }
}
