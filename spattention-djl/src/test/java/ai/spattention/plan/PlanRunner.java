package ai.spattention.plan;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import ai.spattention.cuda.CudaDevice;
import ai.spattention.cuda.CudaStream;
import ai.spattention.cuda.CudaTarget;
import ai.spattention.cuda.TensorView;
import ai.spattention.cuda.TensorView.Type;
import ai.spattention.cuda.TorchTensors;
import ai.spattention.torch.Bfloat16;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;

/**
 * Runs a plan on DJL's arrays: what a test of an operation's steps is made of. Inputs and results lie in the arena, so that the watch sees
 * what is written beside them. Without a GPU everything up to {@link #run} is done, for a GPU of compute capability 9.0, and the test is
 * skipped there.
 */
public final class PlanRunner implements AutoCloseable {

    private static final String PHASE = "only";

    private final boolean gpu = Engine.getEngine("PyTorch").getGpuCount() > 0;
    private final NDManager manager = NDManager.newBaseManager(gpu ? Device.gpu() : Device.cpu(), "PyTorch");
    private final CudaTarget target = gpu ? CudaTarget.of(CudaDevice.of(0)) : new CudaTarget(0, 90, 132, 232_448);
    private final PlanBuilder plan = new PlanBuilder(target);
    private final Map<Tensor, NDArray> inputs = new LinkedHashMap<>();
    private final Map<Region, Tensor> kept = new LinkedHashMap<>();
    private Map<Region, byte[]> results;

    /** Begins. */
    public PlanRunner() {
        plan.phase(PHASE);
    }

    /** Where steps go. */
    public PlanBuilder plan() {
        return plan;
    }

    /** The GPU. */
    public CudaTarget target() {
        return target;
    }

    /** The owner of arrays, on the GPU if there is one. */
    public NDManager manager() {
        return manager;
    }

    /** Random float32 numbers, normal. */
    public NDArray random(long... sizes) {
        return manager.randomNormal(new Shape(sizes));
    }

    /** Random float32 numbers that bfloat16 can hold. */
    public NDArray rounded(long... sizes) {
        return Bfloat16.toFloat32(Bfloat16.of(random(sizes)));
    }

    /** Memory for an array of float32 numbers, integers or bytes, which it holds when the plan begins. */
    public Tensor in(String name, NDArray array) {
        return in(name, array, TorchTensors.view(array).type());
    }

    /** Memory for an array of float32 numbers that bfloat16 can hold, in bfloat16. */
    public Tensor half(String name, NDArray array) {
        return in(name, Bfloat16.of(array), Type.BFLOAT16);
    }

    /** Memory for an even number of integers of 16 bits. */
    public Tensor shorts(String name, short[] values, long... sizes) {
        int[] pairs = new int[values.length / 2];
        for (int i = 0; i < pairs.length; i++) {
            pairs[i] = values[2 * i] & 0xFFFF | values[2 * i + 1] << 16;
        }
        return Tensor.dense(in(name, manager.create(pairs)).region(), 0, Type.INT16, sizes);
    }

    private Tensor in(String name, NDArray array, Type type) {
        TensorView view = TorchTensors.view(array);
        assertEquals(type, view.type());
        Tensor tensor = out(name, type, view.sizes());
        inputs.put(tensor, array);
        return tensor;
    }

    /** Keeps an array that steps made for themselves, to be read. */
    public void keep(Tensor tensor) {
        plan.keep(tensor);
        kept.put(tensor.region(), tensor);
    }

    /** Memory for a result; it holds no numbers when the plan begins. */
    public Tensor out(String name, Type type, long... sizes) {
        Tensor tensor = plan.array(name, type, sizes);
        keep(tensor);
        return tensor;
    }

    /** Runs the steps: watched, as launches, and as a graph, which must give the same bits. Ends the test where there is no GPU. */
    public void run() {
        Plan watched = plan.build(ArenaWatch.GUARD);
        assertTrue(watched.bytes() > 0);
        assumeTrue(gpu, "skipped: no GPU here");
        try (CudaStream stream = new CudaStream(target.device())) {
            results = run(watched, stream, loaded -> loaded.run(PHASE, stream));
            Map<Region, byte[]> launched = run(plan.build(0), stream, loaded -> loaded.run(PHASE, stream));
            Map<Region, byte[]> graph = run(plan.build(0), stream, loaded -> loaded.runAsGraph(PHASE, stream));
            results.forEach((region, bytes) -> {
                assertArrayEquals(bytes, launched.get(region), region + " is the same twice");
                assertArrayEquals(bytes, graph.get(region), region + " is the same from a graph");
            });
        }
    }

    private Map<Region, byte[]> run(Plan built, CudaStream stream, Consumer<Plan.Loaded> work) {
        try (NDArray memory = TorchTensors.empty(manager, Type.INT32, target.deviceIndex(), new long[] {built.bytes() / 4}, 0)) {
            long address = TorchTensors.view(memory).address();
            stream.fill(address, 0xFF, built.bytes());
            try (Plan.Loaded loaded = built.on(address)) {
                inputs.forEach((tensor, array) -> stream.copy(tensor.address(), TorchTensors.view(array).address(),
                        tensor.region().bytes()));
                work.accept(loaded);
                stream.synchronize();
                Map<Region, byte[]> read = new LinkedHashMap<>();
                kept.forEach((region, tensor) -> read.put(region, stream.read(tensor.address(), (int) region.bytes())));
                return read;
            }
        }
    }

    private ByteBuffer bytes(Tensor tensor) {
        assertEquals(tensor.region().bytes(), tensor.elements() * tensor.type().bytes(), tensor + " is a whole input or result");
        return ByteBuffer.wrap(results.get(tensor.region())).order(ByteOrder.nativeOrder());
    }

    /** A result's numbers. */
    public float[] floats(Tensor tensor) {
        float[] values = new float[(int) tensor.elements()];
        ByteBuffer bytes = bytes(tensor);
        for (int i = 0; i < values.length; i++) {
            values[i] = tensor.type() == Type.FLOAT32 ? bytes.getFloat(4 * i) : Float.intBitsToFloat(bytes.getShort(2 * i) << 16);
        }
        return values;
    }

    /** A result's integers of 16, 32 or 64 bits. */
    public long[] integers(Tensor tensor) {
        long[] values = new long[(int) tensor.elements()];
        ByteBuffer bytes = bytes(tensor);
        for (int i = 0; i < values.length; i++) {
            values[i] = switch (tensor.type()) {
                case INT16 -> bytes.getShort(2 * i);
                case INT32 -> bytes.getInt(4 * i);
                default -> bytes.getLong(8 * i);
            };
        }
        return values;
    }

    /** A result's numbers as an array of float64 in the result's shape. */
    public NDArray read(Tensor tensor) {
        return exact(manager.create(floats(tensor), new Shape(tensor.sizes())));
    }

    /** The same numbers in float64. */
    public static NDArray exact(NDArray array) {
        return array.toType(DataType.FLOAT64, true);
    }

    /** Holds a result against what it must be: the norm of the difference is at most so much of the norm. */
    public void assertClose(NDArray expected, Tensor actual, double tolerance) {
        assertClose(expected, read(actual), tolerance, actual.toString());
    }

    /** Holds some numbers of a result against what they must be. */
    public static void assertClose(NDArray expected, NDArray actual, double tolerance, String what) {
        assertEquals(expected.getShape(), actual.getShape(), what);
        double norm = Math.sqrt(expected.square().sum().getDouble());
        double difference = Math.sqrt(actual.sub(expected).square().sum().getDouble());
        assertTrue(norm == 0 ? difference == 0 : difference <= tolerance * norm, what + " differs by " + difference + " of " + norm);
    }

    /**
     * The results of a computation in float64, then the gradients of Σ results · directions with respect to the leaves.
     *
     * @param leaves the inputs
     * @param directions as many as results
     * @param computation from the leaves in float64
     */
    public NDList differentiate(NDList leaves, NDList directions, UnaryOperator<NDList> computation) {
        NDList exact = new NDList();
        for (NDArray leaf : leaves) {
            NDArray own = exact(leaf).duplicate();
            own.setRequiresGradient(true);
            exact.add(own);
        }
        NDList found = new NDList();
        try (GradientCollector collector = Engine.getEngine("PyTorch").newGradientCollector()) {
            NDList outputs = computation.apply(exact);
            NDArray loss = null;
            for (int i = 0; i < outputs.size(); i++) {
                NDArray term = outputs.get(i).mul(exact(directions.get(i))).sum();
                loss = loss == null ? term : loss.add(term);
                found.add(outputs.get(i).stopGradient());
            }
            collector.backward(loss);
        }
        exact.forEach(leaf -> found.add(leaf.getGradient()));
        return found;
    }

    @Override
    public void close() {
        manager.close();
    }
}
