package ai.spattention.cuda;

import com.sun.jna.Memory;
import com.sun.jna.Pointer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.ToIntFunction;

/**
 * A kernel loaded on a device. Its parameters' memory is kept from launch to launch: the driver copies it at the launch, and one
 * thread launches at a time.
 */
final class CudaKernel {

    private static final int LOG_BYTES = 8192;
    private static final int L2_PROMOTION_128_BYTES = 2;
    private static final int MOST_AXES = 5;

    // where the geometry of a tensor map lies, in bytes
    private static final int SIZES = 0;
    private static final int STRIDES = SIZES + MOST_AXES * Long.BYTES;
    private static final int BOX_SIZES = STRIDES + MOST_AXES * Long.BYTES;
    private static final int ELEMENT_STRIDES = BOX_SIZES + MOST_AXES * Integer.BYTES;
    private static final int GEOMETRY_BYTES = ELEMENT_STRIDES + MOST_AXES * Integer.BYTES;

    private final KernelSpec spec;
    private final CudaDevice device;
    private final long function;
    private final KernelParameters parameters;
    private final List<KernelParameters.TensorMap> maps;
    private final Arguments arguments;
    private final NativeBytes geometry = new NativeBytes(GEOMETRY_BYTES);

    /** Zeros beside the Java heap, aligned for tensor maps. */
    private static final class NativeBytes {

        private final Memory owner;
        private final long address;
        private final ByteBuffer buffer;

        NativeBytes(int bytes) {
            owner = new Memory(bytes + KernelParameters.ALIGNMENT);
            owner.clear();
            Pointer aligned = owner.align(KernelParameters.ALIGNMENT);
            address = Pointer.nativeValue(aligned);
            buffer = aligned.getByteBuffer(0, bytes).order(ByteOrder.nativeOrder());
        }
    }

    /** The values of a launch's parameters, and where each of them lies. */
    private static final class Arguments {

        private final NativeBytes values;
        private final NativeBytes addresses;

        Arguments(KernelParameters parameters) {
            values = new NativeBytes(parameters.bytes());
            int[] offsets = parameters.offsets();
            addresses = new NativeBytes(Long.BYTES * offsets.length);
            for (int i = 0; i < offsets.length; i++) {
                addresses.buffer.putLong(Long.BYTES * i, values.address + offsets[i]);
            }
        }
    }

    /** A launch whose arguments are written, to be repeated. */
    final class Prepared {

        private final Grid grid;
        private final Arguments own;

        private Prepared(Grid grid, Arguments own) {
            this.grid = grid;
            this.own = own;
        }

        /**
         * Puts the kernel on a stream and returns at once.
         *
         * @param stream the stream's handle; the device's context is current
         */
        void launch(long stream) {
            check("cuLaunchKernel", CudaApi.cuLaunchKernel(function, grid.x(), grid.y(), grid.z(), spec.threads(), 1, 1,
                    spec.sharedBytes(), stream, own.addresses.address, 0));
        }
    }

    /**
     * Loads a kernel.
     *
     * @param device the device
     * @param spec how it is launched
     * @param ptx the code
     * @param positions where a launch has the tensor or number of a name
     * @throws CudaException if the driver refuses it; the message holds the assembler's log
     */
    CudaKernel(CudaDevice device, KernelSpec spec, String ptx, ToIntFunction<String> positions) {
        this.device = device;
        this.spec = spec;
        if (spec.sharedBytes() > device.maxSharedBytes()) {
            throw new CudaException("kernel " + spec.name() + " needs " + spec.sharedBytes() + " bytes of shared memory a block, "
                    + device + " has " + device.maxSharedBytes());
        }
        parameters = new KernelParameters(spec.name(), spec.parameters(), positions);
        maps = parameters.maps();
        arguments = new Arguments(parameters);
        long[] loaded = new long[1];
        device.inContext(() -> loaded[0] = load(ptx));
        function = loaded[0];
    }

    private long load(String ptx) {
        byte[] text = ptx.getBytes(StandardCharsets.US_ASCII);
        Memory image = new Memory(text.length + 1L);
        image.write(0, text, 0, text.length);
        image.setByte(text.length, (byte) 0);
        Memory log = new Memory(LOG_BYTES);
        log.clear();
        Memory options = new Memory(8);
        options.write(0, new int[] {CudaApi.JIT_ERROR_LOG_BUFFER, CudaApi.JIT_ERROR_LOG_BUFFER_SIZE_BYTES}, 0, 2);
        Memory optionValues = new Memory(16);
        optionValues.setPointer(0, log);
        optionValues.setLong(8, LOG_BYTES);
        Memory cell = new Memory(8);
        int code = CudaApi.cuModuleLoadDataEx(cell, image, 2, options, optionValues);
        if (code != CudaApi.SUCCESS) {
            throw new CudaException("cuModuleLoadDataEx failed for kernel " + spec.name() + " on " + device + ": error " + code
                    + " (" + CudaApi.text(code) + "); the driver knows CUDA " + CudaDevice.driverCudaVersion() + "; its log: "
                    + log.getString(0).strip());
        }
        check("cuModuleGetFunction", CudaApi.cuModuleGetFunction(cell, cell.getPointer(0), spec.entry()));
        Pointer loaded = cell.getPointer(0);
        check("cuFuncSetAttribute",
                CudaApi.cuFuncSetAttribute(loaded, CudaApi.MAX_DYNAMIC_SHARED_SIZE_BYTES, spec.sharedBytes()));
        return Pointer.nativeValue(loaded);
    }

    /**
     * Puts the kernel on a stream once and returns at once.
     *
     * @param grid how many programs run
     * @param tensors the tensors by their positions; those with a tensor map or strides must be aligned
     * @param numbers the numbers by their positions
     * @param stream the stream's handle; the device's context is current
     * @throws CudaException if the driver refuses, or a parameter is missing
     */
    synchronized void launch(Grid grid, TensorView[] tensors, Number[] numbers, long stream) {
        write(arguments, tensors, numbers);
        new Prepared(grid, arguments).launch(stream);
    }

    /**
     * Writes the arguments of a launch that will be repeated.
     *
     * @param grid how many programs run
     * @param tensors the tensors by their positions
     * @param numbers the numbers by their positions
     * @return the launch
     * @throws CudaException if a parameter is missing
     */
    Prepared prepare(Grid grid, TensorView[] tensors, Number[] numbers) {
        Arguments own = new Arguments(parameters);
        device.inContext(() -> {
            synchronized (this) { // the geometry of tensor maps is shared
                write(own, tensors, numbers);
            }
        });
        return new Prepared(grid, own);
    }

    private void write(Arguments into, TensorView[] tensors, Number[] numbers) {
        parameters.write(into.values.buffer, tensors, numbers);
        for (KernelParameters.TensorMap map : maps) {
            encode(into.values.address + map.offset(), map.name(), tensors[map.position()]);
        }
    }

    /** Tells the tensor memory accelerator of a tensor; it counts axes from the innermost. */
    private void encode(long map, String name, TensorView tensor) {
        KernelSpec.Box box = spec.maps().get(name);
        int rank = tensor.sizes().length;
        ByteBuffer bytes = geometry.buffer;
        for (int axis = 0; axis < rank; axis++) {
            int inner = rank - 1 - axis;
            bytes.putLong(SIZES + Long.BYTES * inner, tensor.sizes()[axis]);
            bytes.putInt(BOX_SIZES + Integer.BYTES * inner, box.box().get(axis));
            bytes.putInt(ELEMENT_STRIDES + Integer.BYTES * inner, 1);
            if (inner > 0) {
                bytes.putLong(STRIDES + Long.BYTES * (inner - 1), tensor.walkedStride(axis) * tensor.type().bytes());
            }
        }
        check("cuTensorMapEncodeTiled", CudaApi.cuTensorMapEncodeTiled(map, tensor.type().mapNumber(), rank,
                tensor.address(), geometry.address + SIZES, geometry.address + STRIDES, geometry.address + BOX_SIZES,
                geometry.address + ELEMENT_STRIDES, 0, box.swizzle(), L2_PROMOTION_128_BYTES, 0));
    }

    private void check(String call, int code) {
        if (code != CudaApi.SUCCESS) { // names the kernel only then: it is asked at every launch
            device.check(call + " for kernel " + spec.name(), code);
        }
    }
}
