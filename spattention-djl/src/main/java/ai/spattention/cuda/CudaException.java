package ai.spattention.cuda;

/** A call of the CUDA driver that failed. The message names the call, what it was for, and the device. */
public final class CudaException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final int code;

    CudaException(String message) {
        this(message, CudaApi.SUCCESS);
    }

    CudaException(String message, int code) {
        super(message);
        this.code = code;
    }

    CudaException(String message, Throwable cause) {
        super(message, cause);
        code = CudaApi.SUCCESS;
    }

    /** The driver's error (CUresult); success where the failure is none of a call's. */
    int code() {
        return code;
    }
}
