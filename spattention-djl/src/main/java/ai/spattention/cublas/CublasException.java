package ai.spattention.cublas;

/** A call of cuBLASLt that failed. The message names the call and what was asked for. */
public final class CublasException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    CublasException(String message) {
        super(message);
    }
}
