package ai.spattention;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
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
        try (NDManager scalars = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            return MODULE.call("linear_bfloat16", true, x, weight,
                    bias == null ? scalars.create(new Shape(0), DataType.FLOAT32) : bias).singletonOrThrow();
        }
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
        try (NDManager scalars = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            NDArray settings = scalars.create(new double[] {epsilon, precision == Precision.BFLOAT16 ? 1 : 0});
            return MODULE.call("rms_norm", true, x, weight, settings).singletonOrThrow();
        }
    }

    static NDArray rotate(NDArray x, NDArray cos, NDArray sin, int firstPosition) {
        try (NDManager scalars = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            return MODULE.call("rotate", true, x, cos, sin, scalars.create(firstPosition)).singletonOrThrow();
        }
    }
}
