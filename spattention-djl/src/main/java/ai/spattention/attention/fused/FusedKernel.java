package ai.spattention.attention.fused;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.spattention.attention.AttentionCall;
import ai.spattention.attention.AttentionDropout;
import ai.spattention.attention.AttentionLayout;
import ai.spattention.attention.AttentionShape;
import ai.spattention.attention.AutogradAttention;
import ai.spattention.attention.ExplicitGradientKernel;
import ai.spattention.attention.GradientMode;
import ai.spattention.attention.PlanCache;
import ai.spattention.attention.PlanMemory;
import ai.spattention.cuda.CudaDevice;
import ai.spattention.cuda.CudaTarget;
import ai.spattention.plan.ArrayLaunches;
import ai.spattention.torch.AutogradOperator;
import ai.spattention.torch.TensorFloat32;
import java.util.Optional;

/**
 * This project's own GPU kernels ({@link BandedAttention}) on DJL's arrays, at once.
 *
 * <p>It takes bfloat16, float16 or float32 on an NVIDIA GPU of compute capability 8.0 or newer, head dimensions up to 256, at most
 * two ranges of distances a head, a prefix, and the multiples of one stride: every standard pattern but reformer. Arrays that it
 * cannot read as they lie (a last axis that is not contiguous, rows that do not start at multiples of 16 bytes, a head dimension
 * other than 32, 64, 128 and 256, which is filled up with zeros) are copied first. Products of float32 numbers are as good as
 * float32's own, or those of TF32 where libtorch allows it ({@link TensorFloat32}). Everything runs on PyTorch's stream, without
 * waiting for it; the same inputs, and with dropout the same seed, give the same bits.
 *
 * <p>Training in segments calls {@link #forward} and {@link #backward}. In any other model {@link #attend} makes both a node of
 * libtorch's autograd graph ({@link AutogradOperator}); who wants a backward pass of the backward pass needs the {@code tiled} kernel.
 */
public record FusedKernel() implements ExplicitGradientKernel {

    /** One for all instances, so that these are equal: the operator of autograd keeps what it was given. */
    private static final PlanCache<AttentionCall, DeviceTable> TABLES =
            new PlanCache<>(FusedKernel::table, table -> table.manager.close());

    /** A head table on the GPU, as long as its manager is open. */
    private record DeviceTable(NDManager manager, NDArray rows, HeadReach reach) {}

    @Override
    public String name() {
        return "fused";
    }

    /**
     * Why no call on a device can use this kernel, whatever its arrays.
     *
     * @param device the device
     * @return the reason, for people; empty where the kernel works
     */
    public static Optional<String> unavailable(Device device) {
        if (!device.isGpu()) {
            return Optional.of("it runs on NVIDIA GPUs only (got device " + device + ")");
        }
        return CudaDevice.unavailable().or(() -> BandedAttention.unsupported(target(device)));
    }

    @Override
    public Optional<String> unsupported(AttentionCall call) {
        return unavailable(call.device()).or(() -> BandedAttention.unsupported(call, target(call.device())))
                .or(() -> call.gradients() == GradientMode.ENGINE
                        ? AutogradOperator.unsupported(call.device()).map(reason -> "it trains in segments only: " + reason) : Optional.empty());
    }

    /**
     * Whether there is code for just the device's architecture, with its own tensor-core instructions, and not only what runs on
     * every newer one.
     *
     * @param call a call that fits
     * @return true for 16 bits, head dimensions of 33 to 128 and no dropout on compute capability 9.0
     */
    public static boolean isTuned(AttentionCall call) {
        return BandedAttention.isTuned(call, target(call.device()));
    }

    private static CudaTarget target(Device device) {
        return CudaTarget.of(CudaDevice.of(device.getDeviceId()));
    }

    @Override
    public NDArray attend(NDArray queries, NDArray keys, NDArray values, NDArray documents, AttentionLayout layout,
            float dropout, boolean training) {
        if (training) {
            refuse(AttentionCall.of(queries, keys, values, documents, layout, dropout, GradientMode.EXPLICIT));
            return new AutogradAttention(this, layout, dropout).attend(queries, keys, values, documents);
        }
        NDList results = forward(queries, keys, values, documents, layout, AttentionDropout.NONE);
        results.get(1).close();
        return results.get(0);
    }

    /** Refuses what cannot be computed, or not under libtorch's autograd, as {@link #unsupported} says it. */
    private void refuse(AttentionCall call) {
        TABLES.use(call, table -> null); // has been asked if the call fits
        AutogradOperator.unsupported(call.device()).ifPresent(reason -> call.with(GradientMode.ENGINE).requireFit(this));
    }

    @Override
    public NDList forward(NDArray queries, NDArray keys, NDArray values, NDArray documents, AttentionLayout layout,
            AttentionDropout dropout) {
        AttentionShape shape = AttentionShape.of(queries, keys, values).with(documents, queries);
        return TABLES.use(AttentionCall.of(shape, queries, documents, layout, dropout.rate(), GradientMode.EXPLICIT), table -> {
            try (ArrayLaunches launches = ArrayLaunches.over(queries, keys, values)) {
                return new FusedCall(launches, shape, table.rows, table.reach, documents, dropout, queries)
                        .forward(queries, keys, values);
            }
        });
    }

    @Override
    public NDList backward(NDArray queries, NDArray keys, NDArray values, NDArray documents, AttentionLayout layout,
            AttentionDropout dropout, NDList forward, NDArray gradient) {
        AttentionShape shape = AttentionShape.of(queries, keys, values).with(documents, queries);
        shape.requireGradient(gradient);
        return TABLES.use(AttentionCall.of(shape, queries, documents, layout, dropout.rate(), GradientMode.EXPLICIT), table -> {
            try (ArrayLaunches launches = ArrayLaunches.over(queries, keys, values)) {
                return new FusedCall(launches, shape, table.rows, table.reach, documents, dropout, queries)
                        .backward(queries, keys, values, forward, gradient);
            }
        });
    }

    /** What the heads see, on the call's device; calls that do not fit have none. */
    private static DeviceTable table(AttentionCall call) {
        call.requireFit(new FusedKernel());
        HeadTable rows = HeadTable.of(call.headMasks(), call.keyLength());
        return PlanMemory.with("head tables", call.device(), manager -> new DeviceTable(manager,
                manager.create(rows.rows(), new Shape(call.numHeads(), HeadTable.COLUMNS)), rows.reach(call.queryLength(), call.keyLength())));
    }
}
