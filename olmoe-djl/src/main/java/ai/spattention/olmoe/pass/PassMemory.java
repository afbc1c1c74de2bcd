package ai.spattention.olmoe.pass;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.spattention.RotaryEmbedding;
import ai.spattention.cuda.CudaTarget;
import ai.spattention.cuda.TensorView.Type;
import ai.spattention.olmoe.config.OlmoeConfig;
import ai.spattention.olmoe.model.OlmoeModel;
import ai.spattention.plan.Region;
import ai.spattention.plan.Tensor;
import java.util.Arrays;
import java.util.List;

/** The memory that passes need beside weights and gradients, exactly: their plans are made, with no memory behind them. */
public final class PassMemory {

    private static final long NO_ADDRESS = 512; // of memory that is not there, where kernels could begin to read

    private PassMemory() {}

    /**
     * Finds it.
     *
     * @param config the model's configuration, which fits ({@link PassFit})
     * @param target the GPU; it need not be here
     * @param shapes the passes that take turns
     * @return bytes of the arena in which all of them run
     */
    public static long bytes(OlmoeConfig config, CudaTarget target, List<PassShape> shapes) {
        OlmoeModel model = OlmoeModel.builder().setConfig(config).build();
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            model.freezeParameters(true);
            for (Parameter parameter : model.getParameters().values()) {
                parameter.setInitializer((owner, shape, type) -> owner.create(new Shape(1), type)); // only the shapes are asked for
            }
            model.initialize(manager, DataType.FLOAT32, new Shape(1, 1));
            RotaryEmbedding rotary = new RotaryEmbedding(config.headDim(), config.ropeTheta());
            return shapes.stream().mapToLong(shape -> PassPlan.of(model, new Nowhere(),
                    PassPlan.Constants.of(manager, config, rotary, shape.length()), PassArrays.of(manager, config, shape), target,
                    shape).bytes()).max().orElse(0);
        }
    }

    /** Weights of which only the sizes are there. */
    private static final class Nowhere implements WeightPlaces {

        private static Tensor tensor(Parameter parameter, Type type, long... sizes) {
            long bytes = Arrays.stream(sizes).reduce(1, Math::multiplyExact) * type.bytes();
            return Tensor.dense(Region.fixed(parameter.getName(), NO_ADDRESS, bytes), 0, type, sizes);
        }

        @Override
        public Tensor high(Parameter parameter, long... sizes) {
            return tensor(parameter, Type.BFLOAT16, sizes);
        }

        @Override
        public Tensor low(Parameter parameter, long... sizes) {
            return tensor(parameter, Type.BFLOAT16, sizes);
        }

        @Override
        public Tensor vectors(Parameter parameter) {
            return tensor(parameter, Type.FLOAT32, parameter.getShape().getShape());
        }

        @Override
        public Tensor gradient(Parameter parameter, long... sizes) {
            return tensor(parameter, Type.FLOAT32, sizes);
        }
    }
}
