package ai.spattention.kernel;

import ai.spattention.cuda.CudaTarget;
import ai.spattention.cuda.TensorView.Type;
import ai.spattention.plan.FillStep;
import ai.spattention.plan.KernelStep;
import ai.spattention.plan.PlanBuilder;
import ai.spattention.plan.Tensor;
import java.util.Optional;

/**
 * The fused kernel's launches in a plan, for bfloat16.
 *
 * <p>Letters: B batch, H query heads, G key and value heads, N positions, D head dimension (32, 64, 128 or 256).
 */
public final class FusedSteps {

    private final PlanBuilder plan;
    private final CudaTarget target;
    private final Sight sight;

    /**
     * What the heads see.
     *
     * @param heads the head table, [H, 8], int32
     * @param variants which code computes it
     * @param documents each position's document, [B, N], int64; null for one document a sequence
     * @param spans memory for where documents begin and end, [B, 4, N], int32; null without documents
     */
    public record Sight(Tensor heads, FusedVariants variants, Tensor documents, Tensor spans) {}

    /**
     * What the heads of a layout see.
     *
     * @param rows [H, 8], row by row
     * @param variants which code computes it
     */
    public record Heads(int[] rows, FusedVariants variants) {}

    /**
     * Why there is no kernel for a layout.
     *
     * @param layout the layout
     * @param numHeads H
     * @param length N
     * @return the reason, for people; empty if there is one
     */
    public static Optional<String> misfit(AttentionLayout layout, int numHeads, int length) {
        return HeadTable.unfit(layout.headMasks(numHeads, length), length);
    }

    /**
     * What the heads of a layout see, as the kernel reads it.
     *
     * @param layout a layout without {@link #misfit}
     * @param numHeads H
     * @param length N
     * @return the head table
     */
    public static Heads heads(AttentionLayout layout, int numHeads, int length) {
        HeadTable table = HeadTable.of(layout.headMasks(numHeads, length), length);
        return new Heads(table.rows(), table.variants(length, length));
    }

    /**
     * What a forward pass reads and writes; any strides whose rows begin at multiples of 16 bytes.
     *
     * @param queries [B, H, N, D]
     * @param keys [B, G, N, D]
     * @param values [B, G, N, D]
     * @param out [B, N, H, D] without gaps, written
     * @param logSums log2 of each row's sum, [B H, N up to a multiple of 4], float32, written
     */
    public record Forward(Tensor queries, Tensor keys, Tensor values, Tensor out, Tensor logSums) {}

    /**
     * Starts.
     *
     * @param plan where steps go
     * @param target the GPU
     * @param sight what the heads see
     */
    public FusedSteps(PlanBuilder plan, CudaTarget target, Sight sight) {
        this.plan = plan;
        this.target = target;
        this.sight = sight;
    }

    /** Finds where documents begin and end; once a pass, before all else. */
    public void findDocuments() {
        if (sight.documents != null) {
            plan.add(new KernelStep(FusedKernel.LIBRARY, "document_spans", target).with("documents", sight.documents)
                    .with("spans", sight.spans).with("M", sight.documents.size(1)).grid(1, 1, sight.documents.size(0)));
        }
    }

    /**
     * The forward pass.
     *
     * @param arrays the arrays
     */
    public void forward(Forward arrays) {
        KernelStep step = step("forward", arrays).with("out", arrays.out).with("lse", arrays.logSums);
        add(step, arrays, step.variant().queries());
    }

    /**
     * The backward pass.
     *
     * @param arrays of the forward pass
     * @param gradient of the result, [B, H, N, D]
     * @param queryGradient [B, N, H, D] without gaps, written
     * @param keyGradient of the keys as each query head sees them, [B, N, H, D] without gaps, written
     * @param valueGradient of the values, likewise
     */
    public void backward(Forward arrays, Tensor gradient, Tensor queryGradient, Tensor keyGradient, Tensor valueGradient) {
        Tensor delta = plan.array("delta", Type.FLOAT32, arrays.logSums.sizes());
        KernelStep queries = step("backward_queries", arrays).with("grad", gradient).with("out", arrays.out).with("lse", arrays.logSums)
                .with("delta", delta).with("q_grad", queryGradient);
        add(queries, arrays, queries.variant().queries());
        KernelStep keys = step("backward_keys", arrays).with("grad", gradient).with("lse", arrays.logSums).with("delta", delta)
                .with("k_grad", keyGradient).with("v_grad", valueGradient);
        add(keys, arrays, keys.variant().keys());
    }

    private KernelStep step(String kernel, Forward arrays) {
        long dim = arrays.queries.size(3);
        double scale = 1 / Math.sqrt(dim);
        String variant = sight.variants.name(kernel, "bf16", dim, sight.documents != null, false, target.computeCapability());
        KernelStep step = new KernelStep(FusedKernel.LIBRARY, variant, target)
                .with("q", arrays.queries).with("k", arrays.keys).with("v", arrays.values).with("heads", sight.heads)
                .with("H", arrays.queries.size(1)).with("group", arrays.queries.size(1) / arrays.keys.size(1))
                .with("N", arrays.queries.size(2)).with("M", arrays.keys.size(2)).with("scale", scale)
                .with("log2_scale", scale / Math.log(2));
        if (sight.documents != null) {
            step.with("documents", sight.documents).with("spans", sight.spans);
        }
        return step;
    }

    private void add(KernelStep step, Forward arrays, int tile) {
        if (step.variant().persistent()) {
            Tensor counter = plan.array("tiles taken", Type.INT32, 1);
            plan.add(new FillStep(counter));
            step.with("counter", counter);
        }
        plan.add(step.tiles(arrays.queries.size(1), (arrays.queries.size(2) - 1) / tile + 1, arrays.queries.size(0)));
    }
}
