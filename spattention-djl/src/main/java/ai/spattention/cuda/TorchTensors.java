package ai.spattention.cuda;

import ai.djl.ndarray.NDArray;
import ai.djl.pytorch.engine.PtNDArray;
import ai.spattention.torch.LoadedLibraries;
import com.sun.jna.Function;
import com.sun.jna.Memory;
import com.sun.jna.Native;
import com.sun.jna.Pointer;

/** Reads where PyTorch keeps an array, through the C interface that libtorch gives to compiled models. */
public final class TorchTensors {

    private static final int CUDA = 1; // libtorch's number for the device type

    private TorchTensors() {}

    /** Bound when first used: by then DJL has loaded libtorch. */
    private static final class Torch {

        static final Function STREAM = stream();

        static {
            Native.register(Torch.class, LoadedLibraries.find("libtorch_cpu.so")
                    .orElseThrow(() -> new CudaException(
                            "libtorch_cpu.so is not loaded: this needs DJL's PyTorch engine on Linux")));
        }

        private static Function stream() {
            try {
                return LoadedLibraries.find("libtorch_cuda.so").map(torch -> torch.getFunction("aoti_torch_get_current_cuda_stream"))
                        .orElse(null);
            } catch (UnsatisfiedLinkError e) {
                return null; // PyTorch 2.5 does not have it
            }
        }

        static native int aoti_torch_get_data_ptr(Pointer tensor, Pointer out);

        static native int aoti_torch_get_dim(Pointer tensor, Pointer out);

        static native int aoti_torch_get_sizes(Pointer tensor, Pointer out);

        static native int aoti_torch_get_strides(Pointer tensor, Pointer out);

        static native int aoti_torch_get_dtype(Pointer tensor, Pointer out);

        static native int aoti_torch_get_device_type(Pointer tensor, Pointer out);

        static native int aoti_torch_get_device_index(Pointer tensor, Pointer out);
    }

    /**
     * Looks at an array.
     *
     * @param array an array of DJL's PyTorch engine; it must stay open while its memory is in use
     * @return its memory
     * @throws CudaException if libtorch does not tell
     */
    public static TensorView view(NDArray array) {
        Pointer tensor = new Pointer(((PtNDArray) array).getHandle());
        Memory cell = new Memory(8);
        check("device_type", Torch.aoti_torch_get_device_type(tensor, cell));
        boolean gpu = cell.getInt(0) == CUDA;
        check("device_index", Torch.aoti_torch_get_device_index(tensor, cell));
        int device = gpu ? cell.getInt(0) : -1;
        check("dtype", Torch.aoti_torch_get_dtype(tensor, cell));
        TensorView.Type type = TensorView.Type.ofTorch(cell.getInt(0));
        check("dim", Torch.aoti_torch_get_dim(tensor, cell));
        int rank = (int) cell.getLong(0);
        check("sizes", Torch.aoti_torch_get_sizes(tensor, cell));
        long[] sizes = rank == 0 ? new long[0] : cell.getPointer(0).getLongArray(0, rank);
        check("strides", Torch.aoti_torch_get_strides(tensor, cell));
        long[] strides = rank == 0 ? new long[0] : cell.getPointer(0).getLongArray(0, rank);
        check("data_ptr", Torch.aoti_torch_get_data_ptr(tensor, cell));
        return new TensorView(cell.getLong(0), type, device, sizes, strides);
    }

    /**
     * The stream on which PyTorch puts this thread's work.
     *
     * @param deviceIndex the GPU
     * @return the stream; null for the default one, which is also what DJL uses (it has no other), so that it is right where
     *     PyTorch is too old to be asked
     */
    static Pointer currentStream(int deviceIndex) {
        if (Torch.STREAM == null) {
            return null;
        }
        Memory out = new Memory(8);
        check("current_cuda_stream", Torch.STREAM.invokeInt(new Object[] {deviceIndex, out}));
        return out.getPointer(0);
    }

    private static void check(String what, int code) {
        if (code != 0) {
            throw new CudaException("aoti_torch_get_" + what + " failed: libtorch does not tell where an array lies");
        }
    }
}
