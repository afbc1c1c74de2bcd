package ai.spattention;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.core.Linear;
import ai.djl.training.ParameterStore;
import ai.spattention.torch.TorchScriptModule;

/** The blocks' TorchScript operators, loaded once, when first used. */
final class BlockOperators {

    private static final TorchScriptModule MODULE = TorchScriptModule.load(BlockOperators.class, "blocks.torchscript");

    private BlockOperators() {}

    /** A projection by a child block's weights. x [..., in] gives [..., out], in bfloat16 if the precision says so. */
    static NDArray linear(ParameterStore parameterStore, Linear block, NDArray x, Precision precision, boolean training) {
        NDArray weight = parameterStore.getValue(block.getDirectParameters().get("weight"), x.getDevice(), training);
        NDArray bias = block.getDirectParameters().contains("bias")
                ? parameterStore.getValue(block.getDirectParameters().get("bias"), x.getDevice(), training) : null;
        if (precision == Precision.FLOAT32) {
            return bias == null ? Linear.linear(x, weight).singletonOrThrow() : linear(x, weight, bias);
        }
        return MODULE.call("linear_bfloat16", x, weight, bias).singletonOrThrow();
    }

    /** libtorch adds a bias within the product where x has two axes, and in a pass of its own where it has more. */
    private static NDArray linear(NDArray x, NDArray weight, NDArray bias) {
        Shape shape = x.getShape();
        long in = shape.getLastDimension();
        NDArray rows = x.reshape(shape.size() / in, in);
        return Linear.linear(rows, weight, bias).singletonOrThrow()
                .reshape(shape.slice(0, shape.dimension() - 1).add(weight.getShape().get(0)));
    }

    static NDArray rmsNorm(NDArray x, NDArray weight, float epsilon, Precision precision) {
        return MODULE.call("rms_norm", x, weight, epsilon, precision == Precision.BFLOAT16).singletonOrThrow();
    }

    static NDArray rotate(NDArray x, NDArray cos, NDArray sin, int firstPosition) {
        return MODULE.call("rotate", x, cos, sin, firstPosition).singletonOrThrow();
    }
}
