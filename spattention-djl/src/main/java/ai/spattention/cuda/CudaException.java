package ai.spattention.cuda;

/** A call of the CUDA driver that failed. The message names the call, what it was for, and the device. */
public final class CudaException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    CudaException(String message) {
        super(message);
    }

    CudaException(String message, Throwable cause) {
        super(message, cause);
    }
}
