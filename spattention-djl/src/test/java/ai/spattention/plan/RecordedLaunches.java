package ai.spattention.plan;

import ai.djl.ndarray.NDArray;
import ai.spattention.cuda.CudaTarget;
import ai.spattention.torch.Scopes;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Launches on a CPU's arrays that run nothing: each step is checked as a plan checks it, and kept for a test to look at. */
public final class RecordedLaunches {

    private static final int CPU = -1;

    private final List<KernelStep> steps = new ArrayList<>();
    private final int computeCapability;

    /**
     * Begins.
     *
     * @param computeCapability of the GPU that there would be
     */
    public RecordedLaunches(int computeCapability) {
        this.computeCapability = computeCapability;
    }

    /** As {@link ArrayLaunches#over}. */
    public ArrayLaunches over(NDArray first, NDArray... others) {
        return new ArrayLaunches(Scopes.over(first, others), new CudaTarget(CPU, computeCapability, 100, 232_448), step -> {
            step.check();
            steps.add((KernelStep) step);
        });
    }

    /** The kernels' names in the order of their launches, without the architecture. */
    public List<String> kernels() {
        return steps.stream().map(step -> step.toString().substring(0, step.toString().lastIndexOf('-'))).toList();
    }

    /** The arrays of a launch by the names of the kernel's parameters. */
    public Map<String, Tensor> arrays(int launch) {
        return steps.get(launch).arrays();
    }

    /** The numbers of a launch by the names of the kernel's parameters. */
    public Map<String, Number> numbers(int launch) {
        return steps.get(launch).numbers();
    }
}
