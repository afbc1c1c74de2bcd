package ai.spattention.olmoe.pass;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.spattention.adamw.AdamWSteps;
import ai.spattention.cuda.CudaStream;
import ai.spattention.cuda.CudaTarget;
import ai.spattention.cuda.TensorView.Type;
import ai.spattention.cuda.TorchTensors;
import ai.spattention.plan.Region;
import ai.spattention.plan.Tensor;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;

/**
 * A model's weights and gradients in a few flat arrays on a GPU. Matrices that products read are kept in two halves of 16 bits, the
 * upper one a bfloat16 number, both together the exact float32 number; the others are float32. Gradients are float32.
 */
public final class FlatWeights implements AutoCloseable {

    /** Every parameter begins at a multiple of so many elements, so that kernels may read whole lines. */
    private static final long UNIT = 64;

    private final NDManager manager;
    private final Map<Parameter, Long> matrixPlaces;
    private final Map<Parameter, Long> vectorPlaces;
    private final Region high;
    private final Region low;
    private final Region matrixGradients;
    private final Region vectors;
    private final Region vectorGradients;

    /**
     * Makes room, with values still to be {@link #load}ed.
     *
     * @param parent the manager that owns the memory if {@link #close} is not called earlier; its device is a GPU
     * @param matrices the parameters that products read, in the order in which they shall lie
     * @param others the other parameters
     */
    public FlatWeights(NDManager parent, List<Parameter> matrices, List<Parameter> others) {
        manager = parent.newSubManager();
        manager.setName("flat weights");
        matrixPlaces = new IdentityHashMap<>();
        vectorPlaces = new IdentityHashMap<>();
        long matrixElements = place(matrices, matrixPlaces);
        long vectorElements = place(others, vectorPlaces);
        high = region("upper halves of weights", 2 * matrixElements);
        low = region("lower halves of weights", 2 * matrixElements);
        matrixGradients = region("gradients", 4 * matrixElements);
        vectors = region("float32 weights", 4 * vectorElements);
        vectorGradients = region("gradients of float32 weights", 4 * vectorElements);
    }

    private static long place(List<Parameter> parameters, Map<Parameter, Long> places) {
        long end = 0;
        for (Parameter parameter : parameters) {
            places.put(parameter, end);
            end += (parameter.getShape().size() + UNIT - 1) / UNIT * UNIT;
        }
        return end;
    }

    private Region region(String name, long bytes) {
        NDArray memory = manager.zeros(new Shape(Math.max(1, bytes / 4))); // float32, as good as any
        return Region.fixed(name, TorchTensors.view(memory).address(), bytes);
    }

    /**
     * Takes the values of the parameters.
     *
     * @param stream where the copies go
     */
    public void load(CudaStream stream) {
        matrixPlaces.forEach((parameter, first) -> {
            try (NDArray dense = parameter.getArray().duplicate()) {
                long count = dense.size();
                AdamWSteps.split(CudaTarget.of(stream.device()), source(parameter, dense), Tensor.dense(high, first, Type.BFLOAT16, count),
                        Tensor.dense(low, first, Type.BFLOAT16, count)).prepare().run(stream);
                stream.synchronize();
            }
        });
        vectorPlaces.forEach((parameter, first) -> {
            try (NDArray dense = parameter.getArray().duplicate()) {
                stream.copy(vectors(parameter).address(), TorchTensors.view(dense).address(), 4 * dense.size());
                stream.synchronize();
            }
        });
    }

    private static Tensor source(Parameter parameter, NDArray dense) {
        long address = TorchTensors.view(dense).address();
        return Tensor.dense(Region.fixed(parameter.getName(), address, 4 * dense.size()), 0, Type.FLOAT32, dense.size());
    }

    /**
     * The bfloat16 matrix that begins with a parameter.
     *
     * @param parameter one of the matrices
     * @param sizes the sizes; several parameters that lie one after the other may be one matrix
     * @return the matrix, rounded
     */
    public Tensor high(Parameter parameter, long... sizes) {
        return Tensor.dense(high, matrixPlaces.get(parameter), Type.BFLOAT16, sizes);
    }

    /**
     * What {@link #high} lacks.
     *
     * @param parameter one of the matrices
     * @param sizes the sizes
     * @return the lower halves, 16 bits each
     */
    public Tensor low(Parameter parameter, long... sizes) {
        return Tensor.dense(low, matrixPlaces.get(parameter), Type.BFLOAT16, sizes);
    }

    /**
     * The float32 values of a parameter that is no matrix.
     *
     * @param parameter one of the others
     * @return the values, in the parameter's shape
     */
    public Tensor vectors(Parameter parameter) {
        return Tensor.dense(vectors, vectorPlaces.get(parameter), Type.FLOAT32, parameter.getShape().getShape());
    }

    /**
     * The gradient that begins with a parameter's.
     *
     * @param parameter any of the parameters
     * @param sizes the sizes
     * @return the gradient, float32
     */
    public Tensor gradient(Parameter parameter, long... sizes) {
        Long place = matrixPlaces.get(parameter);
        return place != null ? Tensor.dense(matrixGradients, place, Type.FLOAT32, sizes)
                : Tensor.dense(vectorGradients, vectorPlaces.get(parameter), Type.FLOAT32, sizes);
    }

    @Override
    public void close() {
        manager.close();
    }
}
