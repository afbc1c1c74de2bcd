package ai.spattention.train.bench;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.JniUtils;
import ai.djl.training.GradientCollector;
import ai.spattention.attention.AttentionCall;
import ai.spattention.attention.AttentionDropout;
import ai.spattention.attention.AttentionKernel;
import ai.spattention.attention.AttentionLayout;
import ai.spattention.attention.ExplicitGradientKernel;
import ai.spattention.attention.GradientMode;

/**
 * Times attention on arrays of one size. As in a model, queries, keys and values [B, H, N, D] lie in [B, N, H, D] memory, and
 * so does the gradient that comes from above.
 */
final class AttentionTimer implements AutoCloseable {

    private final NDManager manager;
    private final NDArray queries;
    private final NDArray keys;
    private final NDArray values;
    private final NDArray gradient;
    private final GradientMode gradients;
    private final int queued;
    private final DeviceClock clock;

    /**
     * Makes the arrays.
     *
     * @param settings their device, type and sizes, who computes the gradients, and how many calls to queue
     * @param length N
     */
    AttentionTimer(AttentionBench.Settings settings, int length) {
        manager = NDManager.newBaseManager(settings.device(), "PyTorch");
        gradients = settings.gradients();
        queued = settings.device().isGpu() ? settings.queued() : 1;
        clock = new DeviceClock(settings.device());
        Shape shape = new Shape(settings.batchAt(length), length, settings.heads(), settings.headDim());
        try {
            queries = random(shape, settings.type());
            keys = random(shape, settings.type());
            values = random(shape, settings.type());
            gradient = random(shape, settings.type());
        } catch (RuntimeException | Error e) {
            manager.close();
            throw e;
        }
    }

    private NDArray random(Shape shape, NumberType type) {
        return type.of(manager.randomNormal(shape).transpose(0, 2, 1, 3));
    }

    /** The call as a training loop would describe it. */
    AttentionCall call(AttentionLayout layout) {
        return AttentionCall.of(queries, keys, values, null, layout, 0, gradients);
    }

    /** Milliseconds of a forward pass without gradients. */
    double forward(AttentionKernel kernel, AttentionLayout layout) {
        return time(() -> kernel.attend(queries, keys, values, layout, 0, false));
    }

    /** Milliseconds of a forward and a backward pass: under libtorch's autograd, or explicitly the kernel's own where it has one. */
    double forwardBackward(AttentionKernel kernel, AttentionLayout layout) {
        if (gradients == GradientMode.EXPLICIT && kernel instanceof ExplicitGradientKernel explicit) {
            return time(() -> {
                NDList forward = explicit.forward(queries, keys, values, null, layout, AttentionDropout.NONE);
                explicit.backward(queries, keys, values, null, layout, AttentionDropout.NONE, forward, gradient);
            });
        }
        return time(() -> {
            try (GradientCollector collector = Engine.getEngine("PyTorch").newGradientCollector()) {
                NDArray output = kernel.attend(leaf(queries), leaf(keys), leaf(values), layout, 0, true);
                JniUtils.backward((PtNDArray) output, (PtNDArray) gradient, false, false);
            }
        });
    }

    /** New leaves each time: in those of the last time, libtorch would add the gradients up. */
    private static NDArray leaf(NDArray array) {
        NDArray leaf = array.stopGradient();
        leaf.setRequiresGradient(true);
        return leaf;
    }

    /** The time of one run of several that a GPU works off without a pause. */
    private double time(Runnable work) {
        return clock.milliseconds(() -> {
            for (int i = 0; i < queued; i++) {
                try (NDManager scope = manager.newSubManager()) {
                    for (NDArray input : new NDArray[] {queries, keys, values, gradient}) {
                        input.tempAttach(scope);
                    }
                    work.run();
                }
            }
        }) / queued;
    }

    @Override
    public void close() {
        manager.close();
    }
}
