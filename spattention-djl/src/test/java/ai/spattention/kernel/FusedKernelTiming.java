package ai.spattention.kernel;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.spattention.pattern.LayoutLength;
import ai.spattention.pattern.StandardPattern;
import ai.spattention.torch.Bfloat16;
import java.util.List;

/**
 * Times the fused kernel as Java launches it, on a GPU: batch x N = 32,768, 16 heads of 128, bfloat16; means of 100 calls that are
 * queued without waiting. {@code docs/benchmarks/fused_kernel.py} times the same code launched from Python.
 */
final class FusedKernelTiming {

    private FusedKernelTiming() {}

    public static void main(String[] arguments) {
        FusedKernel kernel = new FusedKernel();
        for (int n : new int[] {4096, 16384}) {
            for (StandardPattern pattern : List.of(StandardPattern.SP, StandardPattern.EXCLUSIVE)) {
                AttentionLayout layout = new AttentionLayout(pattern, LayoutLength.SEQUENCE);
                try (NDManager scope = NDManager.newBaseManager(Device.gpu(), "PyTorch")) {
                    NDArray q = heads(scope, n);
                    NDArray k = heads(scope, n);
                    NDArray v = heads(scope, n);
                    double[] times = new double[2];
                    for (int both = 0; both < 2; both++) {
                        for (int repetitions : new int[] {5, 100}) {
                            long start = System.nanoTime();
                            for (int i = 0; i < repetitions; i++) {
                                NDList forward = kernel.forward(q, k, v, null, layout);
                                if (both == 1) {
                                    kernel.backward(q, k, v, null, layout, forward, v).close();
                                }
                                forward.close();
                            }
                            Bfloat16.toFloat32(q.get("0, 0, 0, 0:1")).toFloatArray(); // waits for the stream
                            times[both] = (System.nanoTime() - start) / 1e6 / repetitions;
                        }
                    }
                    System.out.printf("%s N %d: forward %.3f ms, forward + backward %.3f ms%n", pattern.patternName(), n,
                            times[0], times[1]);
                }
            }
        }
    }

    private static NDArray heads(NDManager scope, int n) {
        return Bfloat16.of(scope.randomNormal(new Shape(32768 / n, n, 16, 128))).transpose(0, 2, 1, 3);
    }
}
