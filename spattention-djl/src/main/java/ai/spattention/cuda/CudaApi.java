package ai.spattention.cuda;

import com.sun.jna.Memory;
import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Pointer;

/** The functions of libcuda that are used here, bound directly: a call costs well under a microsecond. */
final class CudaApi {

    static final int SUCCESS = 0;
    static final int NOT_READY = 600; // CUDA_ERROR_NOT_READY

    // CUdevice_attribute
    static final int COMPUTE_CAPABILITY_MAJOR = 75;
    static final int COMPUTE_CAPABILITY_MINOR = 76;
    static final int MULTIPROCESSOR_COUNT = 16;
    static final int MAX_SHARED_MEMORY_PER_BLOCK_OPTIN = 97;

    // CUfunction_attribute
    static final int MAX_DYNAMIC_SHARED_SIZE_BYTES = 8;

    static final int MEMHOSTREGISTER_PORTABLE = 1; // CU_MEMHOSTREGISTER_PORTABLE: for all contexts

    // CUjit_option
    static final int JIT_ERROR_LOG_BUFFER = 5;
    static final int JIT_ERROR_LOG_BUFFER_SIZE_BYTES = 6;

    private CudaApi() {}

    /** Why the driver cannot be used, or null. Binding happens once, when the class is first used. */
    static final String UNAVAILABLE = bind();

    private static String bind() {
        NativeLibrary driver;
        try {
            driver = NativeLibrary.getInstance("libcuda.so.1");
        } catch (LinkageError e) {
            return "there is no NVIDIA driver here (libcuda.so.1 does not load)";
        }
        try {
            Native.register(CudaApi.class, driver);
        } catch (LinkageError e) {
            return "the NVIDIA driver is too old: " + e.getMessage();
        }
        int code = cuInit(0);
        return code == SUCCESS ? null : "the NVIDIA driver does not start: cuInit gives error " + code + " (" + text(code) + ")";
    }

    static String text(int code) {
        Memory out = new Memory(8);
        return cuGetErrorString(code, out) == SUCCESS ? out.getPointer(0).getString(0) : "unknown";
    }

    static native int cuInit(int flags);

    static native int cuDriverGetVersion(Pointer version);

    static native int cuGetErrorString(int code, Pointer text);

    static native int cuDeviceGetCount(Pointer count);

    static native int cuDeviceGet(Pointer device, int index);

    static native int cuDeviceGetName(Pointer name, int length, int device);

    static native int cuDeviceGetAttribute(Pointer value, int attribute, int device);

    static native int cuDevicePrimaryCtxRetain(Pointer context, int device);

    // what every launch calls takes addresses as numbers, which cost nothing to pass

    static native int cuCtxGetCurrent(long context);

    static native int cuCtxSetCurrent(long context);

    static native int cuCtxSynchronize();

    static native int cuModuleLoadDataEx(Pointer module, Pointer image, int count, Pointer options, Pointer values);

    static native int cuModuleGetFunction(Pointer function, Pointer module, String name);

    static native int cuFuncSetAttribute(Pointer function, int attribute, int value);

    static native int cuTensorMapEncodeTiled(long map, int type, int rank, long address, long sizes, long strides, long box,
            long elementStrides, int interleave, int swizzle, int promotion, int fill);

    static native int cuLaunchKernel(long function, int gridX, int gridY, int gridZ, int blockX, int blockY, int blockZ,
            int sharedBytes, long stream, long parameters, long extra);

    static native int cuStreamCreate(Pointer stream, int flags);

    static native int cuStreamCreateWithPriority(Pointer stream, int flags, int priority);

    static native int cuStreamWaitEvent(Pointer stream, Pointer event, int flags);

    static native int cuStreamDestroy_v2(Pointer stream);

    static native int cuStreamSynchronize(Pointer stream);

    static native int cuStreamBeginCapture_v2(Pointer stream, int mode);

    static native int cuStreamEndCapture(Pointer stream, Pointer graph);

    static native int cuGraphInstantiateWithFlags(Pointer executable, Pointer graph, long flags);

    static native int cuGraphLaunch(Pointer executable, Pointer stream);

    static native int cuGraphDestroy(Pointer graph);

    static native int cuGraphExecDestroy(Pointer executable);

    static native int cuMemcpyDtoDAsync_v2(long to, long from, long bytes, Pointer stream);

    static native int cuMemcpyDtoHAsync_v2(Pointer to, long from, long bytes, Pointer stream);

    static native int cuMemsetD8Async(long address, byte value, long bytes, Pointer stream);

    static native int cuMemHostRegister_v2(long address, long bytes, int flags);

    static native int cuMemHostUnregister(long address);

    static native int cuEventCreate(Pointer event, int flags);

    static native int cuEventRecord(Pointer event, Pointer stream);

    static native int cuEventQuery(Pointer event);

    static native int cuEventSynchronize(Pointer event);

    static native int cuEventElapsedTime(Pointer milliseconds, Pointer from, Pointer to);

    static native int cuEventDestroy_v2(Pointer event);
}
