package ai.spattention.cuda;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.spattention.torch.LoadedLibraries;
import ai.spattention.torch.ThreadMemory;
import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Pointer;
import java.util.Arrays;

/**
 * Reads where PyTorch keeps an array, and asks it for memory, through the C interface that libtorch gives to compiled models. Its
 * functions are bound directly and take addresses as numbers: a call costs a tenth of a microsecond.
 */
public final class TorchTensors {

    // libtorch's numbers for device types
    private static final int CPU = 0;
    private static final int CUDA = 1;

    private TorchTensors() {}

    /** Bound when first used: by then DJL has loaded libtorch. */
    private static final class Torch {

        static {
            Native.register(Torch.class, LoadedLibraries.find("libtorch_cpu.so")
                    .orElseThrow(() -> new CudaException(
                            "libtorch_cpu.so is not loaded: this needs DJL's PyTorch engine on Linux")));
        }

        static native int aoti_torch_get_data_ptr(long tensor, long out);

        static native int aoti_torch_get_dim(long tensor, long out);

        static native int aoti_torch_get_sizes(long tensor, long out);

        static native int aoti_torch_get_strides(long tensor, long out);

        static native int aoti_torch_get_dtype(long tensor, long out);

        static native int aoti_torch_get_device_type(long tensor, long out);

        static native int aoti_torch_get_device_index(long tensor, long out);

        static native int aoti_torch_empty_strided(long rank, long sizes, long strides, int type, int deviceType, int deviceIndex,
                long out);

        static native int aoti_torch_create_tensor_from_blob(long data, long rank, long sizes, long strides, long offset, int type,
                int deviceType, int deviceIndex, long out);
    }

    /** The part of libtorch that exists for GPUs only. */
    private static final class TorchCuda {

        static final boolean TELLS_STREAMS = bind();

        private static boolean bind() {
            NativeLibrary torch = LoadedLibraries.find("libtorch_cuda.so").orElse(null);
            if (torch == null) {
                return false;
            }
            try {
                Native.register(TorchCuda.class, torch);
                return true;
            } catch (UnsatisfiedLinkError e) {
                return false; // PyTorch 2.5 does not have it
            }
        }

        static native int aoti_torch_get_current_cuda_stream(int deviceIndex, long out);
    }

    /**
     * Looks at an array.
     *
     * @param array an array of DJL's PyTorch engine; it must stay open while its memory is in use
     * @return its memory
     * @throws CudaException if libtorch does not tell
     */
    public static TensorView view(NDArray array) {
        long tensor = ((PtNDArray) array).getHandle();
        ThreadMemory out = ThreadMemory.own();
        check("device_type", Torch.aoti_torch_get_device_type(tensor, out.address(0)));
        check("device_index", Torch.aoti_torch_get_device_index(tensor, out.address(1)));
        check("dtype", Torch.aoti_torch_get_dtype(tensor, out.address(2)));
        check("dim", Torch.aoti_torch_get_dim(tensor, out.address(3)));
        check("sizes", Torch.aoti_torch_get_sizes(tensor, out.address(4)));
        check("strides", Torch.aoti_torch_get_strides(tensor, out.address(5)));
        check("data_ptr", Torch.aoti_torch_get_data_ptr(tensor, out.address(6)));
        int rank = (int) out.get(3);
        return new TensorView(out.get(6), TensorView.Type.ofTorch((int) out.get(2)), (int) out.get(0) == CUDA ? (int) out.get(1) : -1,
                numbers(out.get(4), rank), numbers(out.get(5), rank));
    }

    private static long[] numbers(long address, int count) {
        return count == 0 ? new long[0] : new Pointer(address).getLongArray(0, count);
    }

    /**
     * Memory for a result, with anything in it.
     *
     * @param manager the manager of the new array
     * @param type the elements' type
     * @param deviceIndex the GPU, -1 for the CPU
     * @param sizes the sizes, at most 7
     * @param order the axes from the outermost in memory to the innermost
     * @return the array, without gaps
     * @throws ai.djl.engine.EngineException if there is no memory
     */
    public static NDArray empty(NDManager manager, TensorView.Type type, int deviceIndex, long[] sizes, int... order) {
        ThreadMemory memory = ThreadMemory.own();
        int rank = sizes.length;
        memory.put(1, sizes);
        memory.put(1 + rank, strides(sizes, order));
        int code = Torch.aoti_torch_empty_strided(rank, memory.address(1), memory.address(1 + rank), type.torchNumber(),
                deviceIndex < 0 ? CPU : CUDA, Math.max(0, deviceIndex), memory.address(0));
        if (code != 0) {
            Device device = deviceIndex < 0 ? Device.cpu() : Device.gpu(deviceIndex);
            // DJL, asked for as much, throws what libtorch says; the code says nothing
            manager.create(new Shape(sizes).addAll(new Shape(type.bytes())), DataType.INT8, device).close();
            throw new CudaException("libtorch gave no memory for an array " + Arrays.toString(sizes) + " of " + type + " on " + device);
        }
        return new PtNDArray((PtNDManager) manager, memory.get(0));
    }

    /**
     * An array's memory as elements of another type, bit by bit. (TorchScript cannot do that.)
     *
     * @param array an array without gaps; it must stay open for as long as the result is used, which does not own the memory
     * @param type the type to see
     * @return the same bytes as one line of elements, attached to the array's manager
     */
    public static NDArray reinterpret(NDArray array, TensorView.Type type) {
        TensorView view = view(array);
        if (!view.isDense()) {
            throw new IllegalArgumentException("an array with gaps cannot be seen as another type (got " + array.getShape() + ")");
        }
        ThreadMemory memory = ThreadMemory.own();
        memory.put(1, array.size() * view.type().bytes() / type.bytes());
        memory.put(2, 1);
        int code = Torch.aoti_torch_create_tensor_from_blob(view.address(), 1, memory.address(1), memory.address(2), 0,
                type.torchNumber(), view.deviceIndex() < 0 ? CPU : CUDA, Math.max(0, view.deviceIndex()), memory.address(0));
        if (code != 0) {
            throw new CudaException("libtorch does not show " + view.type() + " as " + type);
        }
        return new PtNDArray((PtNDManager) array.getManager(), memory.get(0));
    }

    /**
     * The address of an array's first element.
     *
     * @param array an array of DJL's PyTorch engine; it must stay open while its memory is in use
     * @return the address on its device
     * @throws CudaException if libtorch does not tell
     */
    public static long address(NDArray array) {
        ThreadMemory out = ThreadMemory.own();
        check("data_ptr", Torch.aoti_torch_get_data_ptr(((PtNDArray) array).getHandle(), out.address(0)));
        return out.get(0);
    }

    /**
     * The strides of an array without gaps.
     *
     * @param sizes the sizes
     * @param order the axes from the outermost in memory to the innermost
     * @return strides in elements, in the order of the sizes
     */
    public static long[] strides(long[] sizes, int[] order) {
        long[] strides = new long[sizes.length];
        long stride = 1;
        for (int i = order.length - 1; i >= 0; i--) {
            strides[order[i]] = stride;
            stride *= sizes[order[i]];
        }
        return strides;
    }

    /**
     * The stream on which PyTorch puts this thread's work.
     *
     * @param deviceIndex the GPU
     * @return the stream; 0 for the default one, which is also what DJL uses (it has no other), so that it is right where
     *     PyTorch is too old to be asked
     */
    static long currentStream(int deviceIndex) {
        if (!TorchCuda.TELLS_STREAMS) {
            return 0;
        }
        ThreadMemory out = ThreadMemory.own();
        check("current_cuda_stream", TorchCuda.aoti_torch_get_current_cuda_stream(deviceIndex, out.address(0)));
        return out.get(0);
    }

    private static void check(String what, int code) {
        if (code != 0) {
            throw new CudaException("aoti_torch_get_" + what + " failed: libtorch does not tell where an array lies");
        }
    }
}
