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

/**
 * The memory that passes need, exactly, as the arrays are asked for: their plans are made, with no memory behind them. How an allocator
 * rounds, and what CUDA takes for itself, comes on top.
 *
 * @param elements of weights, 4 bytes each, and of gradients, as many; moments have as many, too
 * @param largest elements of the largest parameter
 * @param arenaBytes of the arena in which all passes run, one after the other
 * @param arrayBytes of what passes are fed and read through, and of constants
 * @param groups the matrices whose gradients passes complete together
 */
public record PassMemory(long elements, long largest, long arenaBytes, long arrayBytes, List<GradientGroup> groups) {

    private static final long NO_ADDRESS = 512; // of memory that is not there, where kernels could begin to read

    /**
     * Finds it.
     *
     * @param config the model's configuration, which fits ({@link PassFit})
     * @param target the GPU; it need not be here
     * @param shapes the passes that take turns
     * @return what they need
     */
    public static PassMemory of(OlmoeConfig config, CudaTarget target, List<PassShape> shapes) {
        OlmoeModel model = OlmoeModel.builder().setConfig(config).build();
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            model.freezeParameters(true);
            for (Parameter parameter : model.getParameters().values()) {
                parameter.setInitializer((owner, shape, type) -> owner.create(new Shape(1), type)); // only the shapes are asked for
            }
            model.initialize(manager, DataType.FLOAT32, new Shape(1, 1));
            RotaryEmbedding rotary = new RotaryEmbedding(config.headDim(), config.ropeTheta());
            long arena = 0;
            long beside = 0;
            long angles = 0; // one table, of the longest shape
            for (PassShape shape : shapes) {
                PassPlan.Constants constants = PassPlan.Constants.of(manager, config, rotary, shape.length());
                PassArrays arrays = PassArrays.of(manager, config, shape);
                arena = Math.max(arena, PassPlan.of(model, new Nowhere(), constants, arrays, target, shape).bytes());
                beside += constants.headBytes() + arrays.bytes();
                angles = Math.max(angles, constants.angleBytes());
            }
            long largest = model.getParameters().values().stream().mapToLong(parameter -> parameter.getShape().size()).max().orElse(0);
            return new PassMemory(FlatWeights.elements(model), largest, arena, beside + angles, GradientGroup.of(model));
        }
    }

    /**
     * What the weights take where the matrices are cut.
     *
     * @param cut the matrices take a multiple of so many elements
     * @return elements, 4 bytes each, and as many for all gradients
     */
    public long cutElements(long cut) {
        return FlatWeights.roundUp(matrices(), cut) + others();
    }

    /**
     * What one of several processes updates where each has a slice of the matrices.
     *
     * @param cut the matrices take a multiple of so many elements
     * @param processes how many there are
     * @return elements, with two moments each
     */
    public long updatedElements(long cut, int processes) {
        return FlatWeights.roundUp(matrices(), cut) / processes + others();
    }

    private long matrices() {
        return groups.get(0).end();
    }

    private long others() {
        return elements - matrices();
    }

    /**
     * What one of several processes has of gradients where those of matrices pass through windows ({@link FlatWeights#passing}): the windows,
     * the sums of its slices of the matrices, and twice the gradients of all other parameters, of a pass and their sums.
     *
     * @param cut the matrices take a multiple of so many elements
     * @param processes how many there are
     * @return elements, 4 bytes each
     */
    public long passingElements(long cut, int processes) {
        return GradientWindows.elements(groups, cut) + updatedElements(cut, processes) + others();
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
