package ai.spattention.cuda;

import com.sun.jna.Memory;
import com.sun.jna.Pointer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A kernel loaded on a device. Its parameters' memory is kept from launch to launch: the driver copies it at the launch, and one
 * thread launches at a time.
 */
public final class CudaKernel {

    private static final int MAP_BYTES = 128;
    private static final int MAP_ALIGNMENT = 64;
    private static final int LOG_BYTES = 8192;
    private static final int L2_PROMOTION_128_BYTES = 2;

    private final KernelSpec spec;
    private final CudaDevice device;
    private final Pointer function;
    private final List<Parameter> parameters = new ArrayList<>();
    private final Pointer values;
    private final Memory addresses;
    /** For tensor maps: sizes, strides, box and element strides of up to 5 axes. */
    private final Memory geometry = new Memory(5 * (8 + 8 + 4 + 4));

    /** Where a parameter's value comes from: a tensor's address, size, stride or map, or a number. */
    private record Parameter(String type, String source, Part part, int axis, long offset) {}

    private enum Part { VALUE, SIZE, STRIDE, NOTHING }

    /**
     * Loads a kernel.
     *
     * @param device the device
     * @param spec how it is launched
     * @param ptx the code
     * @throws CudaException if the driver refuses it; the message holds the assembler's log
     */
    public CudaKernel(CudaDevice device, KernelSpec spec, String ptx) {
        this.device = device;
        this.spec = spec;
        if (spec.sharedBytes() > device.maxSharedBytes()) {
            throw new CudaException("kernel " + spec.name() + " needs " + spec.sharedBytes() + " bytes of shared memory a block, "
                    + device + " has " + device.maxSharedBytes());
        }
        long bytes = 0;
        for (String declared : spec.parameters()) {
            Parameter parameter = parameter(declared, bytes);
            parameters.add(parameter);
            bytes += parameter.type.equals("map") ? MAP_BYTES : MAP_ALIGNMENT; // every value on its own line keeps maps aligned
        }
        Memory memory = new Memory(bytes + MAP_ALIGNMENT);
        memory.clear();
        this.values = memory.align(MAP_ALIGNMENT);
        this.addresses = new Memory(8L * parameters.size());
        for (int i = 0; i < parameters.size(); i++) {
            addresses.setPointer(8L * i, values.share(parameters.get(i).offset));
        }
        Pointer[] loaded = new Pointer[1];
        device.inContext(() -> loaded[0] = load(ptx));
        this.function = loaded[0];
    }

    private static Parameter parameter(String declared, long offset) {
        String name = declared.substring(0, declared.indexOf(':'));
        String type = declared.substring(name.length() + 1);
        int dot = name.indexOf('.');
        if (dot > 0) {
            Part part = name.startsWith(".size", dot) ? Part.SIZE : Part.STRIDE;
            return new Parameter(type, name.substring(0, dot), part, name.charAt(name.length() - 1) - '0', offset);
        }
        if (name.equals("scratch") || name.equals("profile")) {
            return new Parameter(type, name, Part.NOTHING, 0, offset);
        }
        String[] axes = {"_batch", "_head", "_row"};
        for (int axis = 0; axis < axes.length; axis++) {
            if (name.endsWith(axes[axis])) {
                return new Parameter(type, name.substring(0, name.lastIndexOf('_')), Part.STRIDE, axis, offset);
            }
        }
        return new Parameter(type, name, Part.VALUE, 0, offset);
    }

    private Pointer load(String ptx) {
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
        return loaded;
    }

    /**
     * Puts the kernel on PyTorch's current stream and returns at once.
     *
     * @param gridX blocks along the first axis, the fastest
     * @param gridY blocks along the second axis
     * @param gridZ blocks along the third axis
     * @param tensors the tensors by their parameters' names; those with a tensor map or strides must be aligned
     * @param numbers the numbers by their parameters' names
     * @throws CudaException if the driver refuses, or a parameter is missing
     */
    public void launch(int gridX, int gridY, int gridZ, Map<String, TensorView> tensors,
            Map<String, ? extends Number> numbers) {
        device.inContext(() -> {
            synchronized (this) {
                for (Parameter parameter : parameters) {
                    fill(parameter, tensors, numbers);
                }
                Pointer stream = TorchTensors.currentStream(device.index());
                check("cuLaunchKernel", CudaApi.cuLaunchKernel(function, gridX, gridY, gridZ, spec.threads(), 1, 1,
                        spec.sharedBytes(), stream, addresses, null));
            }
        });
    }

    private void fill(Parameter parameter, Map<String, TensorView> tensors, Map<String, ? extends Number> numbers) {
        if (parameter.part == Part.NOTHING) {
            return; // null, as cleared
        }
        TensorView tensor = tensors.get(parameter.source);
        Number number = tensor == null ? numbers.get(parameter.source) : null;
        if (tensor == null && number == null) {
            throw new CudaException("kernel " + spec.name() + " was given no '" + parameter.source + "'");
        }
        if (tensor != null) {
            number = switch (parameter.part) {
                case SIZE -> tensor.sizes()[parameter.axis];
                case STRIDE -> tensor.walkedStride(parameter.axis);
                default -> tensor.address();
            };
        }
        switch (parameter.type) {
            case "map" -> encode(values.share(parameter.offset), parameter.source, tensor);
            case "pointer", "i64" -> values.setLong(parameter.offset, number.longValue());
            case "i32" -> values.setInt(parameter.offset, number.intValue());
            case "f32" -> values.setFloat(parameter.offset, number.floatValue());
            default -> throw new CudaException("kernel " + spec.name() + " has a parameter of unknown type " + parameter.type);
        }
    }

    /** Tells the tensor memory accelerator of a tensor; it counts axes from the innermost. */
    private void encode(Pointer map, String name, TensorView tensor) {
        KernelSpec.Box box = spec.maps().get(name);
        int rank = tensor.sizes().length;
        Pointer sizes = geometry.share(0);
        Pointer strides = geometry.share(40);
        Pointer boxSizes = geometry.share(80);
        Pointer elementStrides = geometry.share(100);
        for (int axis = 0; axis < rank; axis++) {
            int inner = rank - 1 - axis;
            sizes.setLong(8L * inner, tensor.sizes()[axis]);
            boxSizes.setInt(4L * inner, box.box().get(axis));
            elementStrides.setInt(4L * inner, 1);
            if (inner > 0) {
                strides.setLong(8L * (inner - 1), tensor.walkedStride(axis) * tensor.type().bytes());
            }
        }
        check("cuTensorMapEncodeTiled", CudaApi.cuTensorMapEncodeTiled(map, tensor.type().mapNumber(), rank,
                new Pointer(tensor.address()), sizes, strides, boxSizes, elementStrides, 0, box.swizzle(),
                L2_PROMOTION_128_BYTES, 0));
    }

    private void check(String call, int code) {
        device.check(call + " for kernel " + spec.name(), code);
    }
}
