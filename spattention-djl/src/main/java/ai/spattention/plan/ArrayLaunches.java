package ai.spattention.plan;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.spattention.common.InvalidInputException;
import ai.spattention.cuda.CudaDevice;
import ai.spattention.cuda.CudaStream;
import ai.spattention.cuda.CudaTarget;
import ai.spattention.cuda.TensorView;
import ai.spattention.cuda.TorchTensors;
import ai.spattention.torch.Scopes;
import ai.spattention.torch.TorchScriptModule;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * Steps on DJL's arrays, each put on PyTorch's stream at once, without waiting for it. Nothing is recorded for the engine's autograd. New
 * arrays live until this is closed, but for those that {@link #ret} hands over; PyTorch gives their memory only to what comes later on the
 * same stream.
 *
 * <pre>{@code
 * try (ArrayLaunches launches = ArrayLaunches.over(x, weight)) {
 *     Tensor y = launches.array("normalised", Type.BFLOAT16, rows, size);
 *     Tensor root = launches.array("root", Type.FLOAT32, rows);
 *     new RmsNormSteps(launches, 1e-5f).forward(launches.in("x", x), launches.in("weight", weight), y, root);
 *     return launches.ret(y, root); // to x's manager
 * }
 * }</pre>
 */
public final class ArrayLaunches implements Launches, AutoCloseable {

    private final NDManager scope;
    private final CudaTarget target;
    private final Consumer<Step> runner;
    private final List<Owned> owned = new ArrayList<>();

    /** Bound when first used, so that the class loads where there is no engine. */
    private static final class Operators {
        static final TorchScriptModule MODULE = TorchScriptModule.load(ArrayLaunches.class, "arrays.torchscript");
    }

    /** Memory that was made here, and the array that owns it. */
    private record Owned(Region region, NDArray array) {}

    /**
     * Creates launches that something else runs.
     *
     * @param scope the owner of new arrays
     * @param target the GPU; its index is -1 for arrays on a CPU
     * @param runner is given each step
     */
    ArrayLaunches(NDManager scope, CudaTarget target, Consumer<Step> runner) {
        this.scope = scope;
        this.target = target;
        this.runner = runner;
    }

    /**
     * Begins a computation on some arrays.
     *
     * @param first an array on a GPU, whose manager receives the results
     * @param others further arrays
     * @return the launches, to be closed by the caller
     * @throws InvalidInputException if the first array is not on a GPU
     */
    public static ArrayLaunches over(NDArray first, NDArray... others) {
        Device place = first.getDevice();
        if (!place.isGpu()) {
            throw new InvalidInputException("kernels take arrays of a GPU (got " + first.getShape() + " on " + place + ")");
        }
        CudaDevice device = CudaDevice.of(place.getDeviceId());
        CudaStream stream = CudaStream.ofPyTorch(device);
        return new ArrayLaunches(Scopes.over(first, others), CudaTarget.of(device), step -> device.inContext(() -> step.run(stream)));
    }

    @Override
    public CudaTarget target() {
        return target;
    }

    @Override
    public void add(Step step) {
        runner.accept(step);
    }

    /**
     * An array that lies without gaps, and whose memory steps may write to.
     *
     * @param name what it holds, for messages
     * @param array the array; it must stay open until the steps that work on it are added
     * @return its memory
     * @throws InvalidInputException if it has gaps, is on another device, or of a type that kernels do not take
     */
    public Tensor in(String name, NDArray array) {
        TensorView view = view(name, array);
        if (!view.isDense()) {
            throw new InvalidInputException("kernels take arrays without gaps: " + name + " " + array.getShape() + " is not one");
        }
        return Tensor.of(name, view);
    }

    /**
     * An array to be read: as it lies, or a copy where it has gaps or begins where no kernel can read it.
     *
     * @param name what it holds, for messages
     * @param array the array; it must stay open until the steps that work on it are added
     * @return memory without gaps that holds its values
     * @throws InvalidInputException if it is on another device, or of a type that kernels do not take
     */
    public Tensor dense(String name, NDArray array) {
        TensorView view = view(name, array);
        if (view.isDense() && view.address() % KernelStep.ALIGNMENT == 0) {
            return Tensor.of(name, view);
        }
        NDArray copy = Operators.MODULE.call("dense", array).singletonOrThrow();
        copy.attach(scope);
        Tensor tensor = Tensor.of(name, TorchTensors.view(copy));
        owned.add(new Owned(tensor.region(), copy));
        return tensor;
    }

    /**
     * An array that kernels read through its strides.
     *
     * @param name what it holds, for messages
     * @param array the array; it must stay open until the steps that work on it are added
     * @return its memory
     * @throws InvalidInputException if it is on another device, or of a type that kernels do not take
     */
    public Tensor strided(String name, NDArray array) {
        return Tensor.of(name, view(name, array));
    }

    private TensorView view(String name, NDArray array) {
        TensorView view = TorchTensors.view(array);
        if (view.deviceIndex() != target.deviceIndex()) {
            throw new InvalidInputException("kernels take arrays of one GPU: " + name + " is on " + device(view.deviceIndex())
                    + ", the others are on " + device(target.deviceIndex()));
        }
        if (view.type() == TensorView.Type.OTHER) {
            throw new InvalidInputException("kernels take no arrays of type " + array.getDataType() + ": " + name + " is one");
        }
        return view;
    }

    private static String device(int index) {
        return index < 0 ? "cpu" : "gpu" + index;
    }

    @Override
    public Tensor array(String name, TensorView.Type type, long... sizes) {
        int[] order = new int[sizes.length];
        for (int axis = 0; axis < order.length; axis++) {
            order[axis] = axis;
        }
        return array(name, type, sizes, order);
    }

    /**
     * A new array, of any values, whose axes lie in some order.
     *
     * @param name what it holds, for messages
     * @param type the elements' type
     * @param sizes the sizes, at most 7
     * @param order the axes from the outermost in memory to the innermost
     * @return the array, without gaps
     */
    public Tensor array(String name, TensorView.Type type, long[] sizes, int[] order) {
        NDArray array = TorchTensors.empty(scope, type, target.deviceIndex(), sizes, order);
        Tensor tensor = Tensor.of(name, new TensorView(TorchTensors.address(array), type, target.deviceIndex(), sizes,
                TorchTensors.strides(sizes, order)));
        owned.add(new Owned(tensor.region(), array));
        return tensor;
    }

    /**
     * The array that owns new memory.
     *
     * @param tensor what {@link #array} gave
     * @return the array, which this owns
     */
    public NDArray array(Tensor tensor) {
        for (Owned each : owned) { // there are few
            if (each.region == tensor.region()) {
                return each.array;
            }
        }
        throw new IllegalArgumentException(tensor + " was not made here");
    }

    /**
     * Hands results to the first array's manager.
     *
     * @param tensors what {@link #array} gave
     * @return their arrays
     */
    public NDList ret(Tensor... tensors) {
        NDList results = new NDList(tensors.length);
        for (Tensor tensor : tensors) {
            results.add(array(tensor));
        }
        return ret(results);
    }

    /**
     * Hands results to the first array's manager.
     *
     * @param results arrays that {@link #array(Tensor)} gave, and others that were computed from the arrays this was begun with
     * @return the same arrays
     */
    public NDList ret(NDList results) {
        return scope.ret(results);
    }

    /**
     * Takes arrays over that the steps need and something else made.
     *
     * @param arrays the arrays, which live until this is closed
     * @return the same arrays
     */
    public NDList own(NDList arrays) {
        arrays.attach(scope);
        return arrays;
    }

    @Override
    public void close() {
        scope.close();
    }
}
