package ai.spattention.cuda;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToIntFunction;

/**
 * The parameters of a kernel, in the memory from which the driver copies them at a launch: where each one's value comes from, and
 * where it lies. The tensors and numbers of a launch are found by their positions.
 */
final class KernelParameters {

    /** What the driver wants tensor maps aligned to; every value begins at a multiple of it. */
    static final int ALIGNMENT = 64;

    private static final int MAP_BYTES = 128;

    private final String kernel;
    private final List<Parameter> parameters = new ArrayList<>();
    private final int bytes;

    private enum Type { MAP, POINTER, I64, I32, F32 }

    private enum Part { VALUE, SIZE, STRIDE, NOTHING }

    /** What a parameter says: a part of what is called {@code source}. */
    private record Declaration(String source, Type type, Part part, int axis) {}

    private record Parameter(Declaration declared, int position, int offset) {}

    /**
     * A tensor map among the parameters.
     *
     * @param name the tensor
     * @param position the tensor's position
     * @param offset where the map lies
     */
    record TensorMap(String name, int position, int offset) {}

    /**
     * Reads declarations.
     *
     * @param kernel the kernel's name, for messages
     * @param declared the parameters in order, as {@link KernelSpec} describes them
     * @param positions where a launch has the tensor or number of a name
     */
    KernelParameters(String kernel, List<String> declared, ToIntFunction<String> positions) {
        this.kernel = kernel;
        int end = 0;
        for (String each : declared) {
            Declaration declaration = declaration(each);
            boolean given = declaration.part != Part.NOTHING;
            parameters.add(new Parameter(declaration, given ? positions.applyAsInt(declaration.source) : -1, end));
            end += declaration.type == Type.MAP ? MAP_BYTES : ALIGNMENT;
        }
        bytes = end;
    }

    private static Declaration declaration(String declared) {
        int colon = declared.indexOf(':');
        String name = declared.substring(0, colon);
        Type type = switch (declared.substring(colon + 1)) {
            case "map" -> Type.MAP;
            case "pointer" -> Type.POINTER;
            case "i64" -> Type.I64;
            case "i32" -> Type.I32;
            case "f32" -> Type.F32;
            default -> throw new CudaException("a kernel's parameter is of unknown type: " + declared);
        };
        int dot = name.indexOf('.');
        if (dot > 0) {
            Part part = name.startsWith(".size", dot) ? Part.SIZE : Part.STRIDE;
            return new Declaration(name.substring(0, dot), type, part, name.charAt(name.length() - 1) - '0');
        }
        if (name.equals("scratch") || name.equals("profile")) {
            return new Declaration(name, type, Part.NOTHING, 0);
        }
        String[] axes = {"_batch", "_head", "_row"};
        for (int axis = 0; axis < axes.length; axis++) {
            if (name.endsWith(axes[axis])) {
                return new Declaration(name.substring(0, name.lastIndexOf('_')), type, Part.STRIDE, axis);
            }
        }
        return new Declaration(name, type, Part.VALUE, 0);
    }

    /** The tensors and numbers that a kernel's parameters speak of. */
    static List<String> sources(List<String> declared) {
        return declared.stream().map(KernelParameters::declaration).filter(declaration -> declaration.part != Part.NOTHING)
                .map(Declaration::source).distinct().toList();
    }

    /** How many bytes the values take. */
    int bytes() {
        return bytes;
    }

    /** Where each parameter's value lies, in order. */
    int[] offsets() {
        return parameters.stream().mapToInt(Parameter::offset).toArray();
    }

    /** The parameters that are tensor maps, which only the driver can write. */
    List<TensorMap> maps() {
        return parameters.stream().filter(parameter -> parameter.declared.type == Type.MAP)
                .map(parameter -> new TensorMap(parameter.declared.source, parameter.position, parameter.offset)).toList();
    }

    /**
     * Writes all values but the tensor maps.
     *
     * @param values zeros, or what the last launch left
     * @param tensors the launch's tensors by position, null where there is none
     * @param numbers the launch's numbers by position, null where there is none
     * @throws CudaException if one is missing
     */
    void write(ByteBuffer values, TensorView[] tensors, Number[] numbers) {
        for (Parameter parameter : parameters) {
            Declaration declared = parameter.declared;
            if (declared.part == Part.NOTHING) {
                continue; // null, as the memory was made
            }
            TensorView tensor = tensors[parameter.position];
            Number number = numbers[parameter.position];
            if (tensor == null && number == null) {
                throw new CudaException("kernel " + kernel + " was given no '" + declared.source + "'");
            }
            switch (declared.type) {
                case POINTER, I64 -> values.putLong(parameter.offset, tensor == null ? number.longValue() : part(declared, tensor));
                case I32 -> values.putInt(parameter.offset, tensor == null ? number.intValue() : (int) part(declared, tensor));
                case F32 -> values.putFloat(parameter.offset, number.floatValue());
                case MAP -> {} // the driver's
            }
        }
    }

    private static long part(Declaration declared, TensorView tensor) {
        return switch (declared.part) {
            case SIZE -> tensor.sizes()[declared.axis];
            case STRIDE -> tensor.walkedStride(declared.axis);
            default -> tensor.address();
        };
    }
}
