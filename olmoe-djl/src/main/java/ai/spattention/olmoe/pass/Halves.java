package ai.spattention.olmoe.pass;

import ai.djl.ndarray.NDArray;
import ai.spattention.cuda.TensorView.Type;
import ai.spattention.cuda.TorchTensors;
import ai.spattention.segment.NoGradient;
import ai.spattention.torch.TorchScriptModule;

/**
 * Float32 numbers in two halves of 16 bits: bits = (high &lt;&lt; 16) + low, high the number rounded to bfloat16, low signed. Both
 * together are exact. The optimizer's kernels read and write the same halves.
 */
final class Halves {

    private static final TorchScriptModule MODULE = TorchScriptModule.load(Halves.class, "halves.torchscript");

    private Halves() {}

    /**
     * Cuts numbers.
     *
     * @param values any shape, float32, without gaps
     * @param high as many elements of 16 bits without gaps, written
     * @param low likewise
     */
    static void split(NDArray values, NDArray high, NDArray low) {
        try (NoGradient copying = new NoGradient(); NDArray bits = TorchTensors.reinterpret(values, Type.INT32);
                NDArray upper = TorchTensors.reinterpret(high, Type.INT16); NDArray lower = TorchTensors.reinterpret(low, Type.INT16)) {
            MODULE.call("split", bits, upper, lower).close();
        }
    }

    /**
     * Puts the halves together.
     *
     * @param high elements of 16 bits without gaps
     * @param low as many
     * @param values as many elements, float32, without gaps, written
     */
    static void join(NDArray high, NDArray low, NDArray values) {
        try (NoGradient copying = new NoGradient(); NDArray bits = TorchTensors.reinterpret(values, Type.INT32);
                NDArray upper = TorchTensors.reinterpret(high, Type.INT16); NDArray lower = TorchTensors.reinterpret(low, Type.INT16)) {
            MODULE.call("join", upper, lower, bits).close();
        }
    }
}
