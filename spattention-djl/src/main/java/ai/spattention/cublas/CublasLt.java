package ai.spattention.cublas;

import ai.spattention.cuda.CudaDevice;
import com.sun.jna.Memory;
import com.sun.jna.Pointer;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/** cuBLASLt on a GPU. */
final class CublasLt {

    private static final Map<Integer, CublasLt> DEVICES = new ConcurrentHashMap<>();

    private final Pointer handle;

    private CublasLt(CudaDevice device) {
        Memory cell = new Memory(8);
        device.inContext(() -> check("cublasLtCreate", CublasLtApi.cublasLtCreate(cell)));
        handle = cell.getPointer(0);
    }

    /** Why products cannot be computed here; empty if they can. */
    static Optional<String> unavailable() {
        return Optional.ofNullable(CublasLtApi.UNAVAILABLE);
    }

    static CublasLt of(CudaDevice device) {
        unavailable().ifPresent(reason -> {
            throw new CublasException(reason);
        });
        return DEVICES.computeIfAbsent(device.index(), index -> new CublasLt(device));
    }

    Pointer handle() {
        return handle;
    }

    /** Turns a status of the library into an exception. */
    static void check(String call, int status) {
        if (status != CublasLtApi.SUCCESS) {
            throw new CublasException(call + " failed: " + text(status));
        }
    }

    private static String text(int status) {
        return switch (status) {
            case 1 -> "the library is not initialised";
            case 3 -> "memory could not be allocated";
            case 7 -> "a value is invalid";
            case 8 -> "the GPU's architecture is not supported";
            case 13 -> "the product did not run";
            case 14 -> "an internal error";
            case 15 -> "this product is not supported";
            default -> "status " + status;
        };
    }
}
