package ai.spattention.plan;

import ai.djl.ndarray.NDArray;
import ai.spattention.cuda.CudaTarget;
import ai.spattention.cuda.Grid;
import ai.spattention.torch.Scopes;
import com.sun.jna.Pointer;
import java.util.Map;

/** Launches on a CPU's arrays that a test's own code computes as they are added, each checked as a plan checks it. */
public final class ComputedLaunches {

    /** Of the GPU that there would be. */
    public static final int MULTIPROCESSORS = 5;

    private static final int CPU = -1;

    private ComputedLaunches() {}

    /** Computes what a kernel computes. */
    @FunctionalInterface
    public interface Kernels {

        /**
         * Computes a launch.
         *
         * @param name the variant's name
         * @param arrays by the names of the kernel's parameters
         * @param numbers by the names of the kernel's parameters
         * @param grid how many programs run
         */
        void run(String name, Map<String, Tensor> arrays, Map<String, Number> numbers, Grid grid);
    }

    /** As {@link ArrayLaunches#over}, for a GPU of a compute capability. */
    public static ArrayLaunches over(int computeCapability, Kernels kernels, NDArray first, NDArray... others) {
        return new ArrayLaunches(Scopes.over(first, others), new CudaTarget(CPU, computeCapability, MULTIPROCESSORS, 232_448), step -> {
            step.check();
            if (step instanceof FillStep fill) {
                new Pointer(fill.array().address()).clear(fill.array().elements() * fill.array().type().bytes());
                return;
            }
            KernelStep launch = (KernelStep) step;
            kernels.run(launch.variant().name(), launch.arrays(), launch.numbers(), launch.grid());
        });
    }
}
