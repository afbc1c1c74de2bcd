package ai.spattention.torch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;

/**
 * Arrays of bfloat16. DJL has no such type: an array of it passes through DJL as an opaque value that TorchScript made and
 * TorchScript takes, whose {@code getDataType()} is {@link DataType#UNKNOWN}. Operations that DJL hands to libtorch without
 * looking at the type (sums, products, reshaping) work on it; reading it on the host or asking DJL to convert it does not.
 */
public final class Bfloat16 {

    private static final TorchScriptModule MODULE = TorchScriptModule.load(Bfloat16.class, "types.torchscript");

    private Bfloat16() {}

    /**
     * Whether an array holds bfloat16.
     *
     * @param array the array
     * @return true for bfloat16
     */
    public static boolean is(NDArray array) {
        return array.getDataType() == DataType.UNKNOWN;
    }

    /**
     * Converts to bfloat16; autograd passes through.
     *
     * @param array a floating-point array
     * @return an array of bfloat16, attached to the array's manager
     */
    public static NDArray of(NDArray array) {
        return MODULE.call("to_bfloat16", array).singletonOrThrow();
    }

    /**
     * Converts to float32; autograd passes through.
     *
     * @param array an array of any floating-point type
     * @return an array of float32, attached to the array's manager
     */
    public static NDArray toFloat32(NDArray array) {
        return MODULE.call("to_float32", array).singletonOrThrow();
    }

    /**
     * Converts to another array's type, whichever it is, and autograd with it: DJL's own {@code toType} cuts the graph.
     *
     * @param array any floating-point array
     * @param other an array of the type
     * @return an array of that type, attached to the array's manager
     */
    public static NDArray asTypeOf(NDArray array, NDArray other) {
        return MODULE.call("as_type_of", array, other).singletonOrThrow();
    }
}
