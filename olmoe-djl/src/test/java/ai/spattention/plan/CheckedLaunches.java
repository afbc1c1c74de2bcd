package ai.spattention.plan;

import ai.djl.ndarray.NDArray;
import ai.spattention.cuda.CudaTarget;
import ai.spattention.torch.Scopes;
import java.util.List;

/** Launches on a CPU's arrays that run nothing: each step is checked as a plan checks it. */
public final class CheckedLaunches {

    private static final int CPU = -1;

    private CheckedLaunches() {}

    /**
     * As {@link ArrayLaunches#over}.
     *
     * @param computeCapability of the GPU that there would be
     * @param names are given each step's name
     * @param first an array, whose manager receives the results
     * @param others further arrays
     */
    public static ArrayLaunches over(int computeCapability, List<String> names, NDArray first, NDArray... others) {
        return new ArrayLaunches(Scopes.over(first, others), new CudaTarget(CPU, computeCapability, 100, 232_448), step -> {
            step.check();
            names.add(step.toString());
        });
    }
}
