package ai.spattention.attention.fused;

import ai.djl.ndarray.types.DataType;
import ai.spattention.attention.AttentionCall;
import ai.spattention.attention.AttentionLayout;
import ai.spattention.attention.GradientMode;
import ai.spattention.cuda.CudaTarget;
import ai.spattention.cuda.KernelLibrary;
import ai.spattention.cuda.TensorView.Type;
import ai.spattention.plan.KernelStep;
import ai.spattention.plan.PlanBuilder;
import ai.spattention.plan.Tensor;
import java.util.List;
import java.util.Optional;

/**
 * The fused kernel's launches in a plan, for bfloat16.
 *
 * <p>Letters: B batch, H query heads, G key and value heads, N positions, D head dimension (32, 64, 128 or 256).
 */
public final class FusedSteps {

    static final KernelLibrary LIBRARY = KernelLibrary.beside(FusedSteps.class, "");

    private static final String FORWARD = "forward";
    private static final String BACKWARD_QUERIES = "backward_queries";
    private static final String BACKWARD_KEYS = "backward_keys";
    private static final int MOST_BLOCKS = 65_535; // along the second and third axis of a grid

    private final PlanBuilder plan;
    private final CudaTarget target;
    private final Sight sight;

    /**
     * What the heads see.
     *
     * @param heads the head table, [H, 8], int32
     * @param general whether a head has a prefix or a stride
     * @param documents each position's document, [B, N], int64; null for one document a sequence
     * @param spans memory for where documents begin and end, [B, 4, N], int32; null without documents
     */
    public record Sight(Tensor heads, boolean general, Tensor documents, Tensor spans) {}

    /**
     * What the heads of a layout see.
     *
     * @param rows [H, 8], row by row
     * @param general whether a head has a prefix or a stride
     */
    public record Heads(int[] rows, boolean general) {}

    /**
     * Why no attention can be computed on a GPU.
     *
     * @param target the GPU
     * @return the reason, for people, starting in lower case; empty if the kernels run there
     */
    public static Optional<String> misfit(CudaTarget target) {
        return LIBRARY.architecture(target.computeCapability()) != null ? Optional.empty()
                : Optional.of("it needs compute capability 8.0 or newer (this GPU has " + target.computeCapability() / 10 + "."
                        + target.computeCapability() % 10 + ")");
    }

    /**
     * Why a call cannot be computed on a GPU.
     *
     * @param call the call
     * @param target the GPU
     * @return the reason, for people, starting in lower case; empty if the call can be computed
     */
    public static Optional<String> misfit(AttentionCall call, CudaTarget target) {
        if (call.type() != DataType.FLOAT16 && call.type() != DataType.BFLOAT16 && call.type() != DataType.FLOAT32) {
            return Optional.of("it computes in bfloat16, float16 and float32 (got " + call.typeName() + ")");
        }
        if (call.headDim() > FusedCode.LARGEST_HEAD_DIM) {
            return Optional.of("it takes head dimensions up to " + FusedCode.LARGEST_HEAD_DIM + " (got " + call.headDim() + ")");
        }
        int tile = call.type() == DataType.FLOAT32 || call.headDim() > 128 ? 16 : 64; // the smallest of all variants
        if ((call.keyLength() - 1) / tile + 1 > MOST_BLOCKS) {
            return Optional.of("it takes at most " + MOST_BLOCKS * tile + " positions (got " + call.keyLength() + ")");
        }
        return misfit(target).or(() -> HeadTable.unfit(call.headMasks(), call.keyLength())).or(() -> misfitOfMemory(call, target));
    }

    private static Optional<String> misfitOfMemory(AttentionCall call, CudaTarget target) {
        List<String> kernels = call.gradients() == GradientMode.NONE ? List.of(FORWARD) : List.of(FORWARD, BACKWARD_QUERIES, BACKWARD_KEYS);
        int bytes = FusedCode.of(call).stream().flatMap(code -> kernels.stream().map(code::name))
                .mapToInt(name -> LIBRARY.variantFor(name, target.computeCapability()).sharedBytes()).max().getAsInt();
        return bytes <= target.sharedBytes() ? Optional.empty() : Optional.of("its code for head dimension "
                + FusedCode.filledUp(call.headDim()) + " takes " + bytes + " bytes of shared memory a block (this GPU has "
                + target.sharedBytes() + ")");
    }

    /**
     * Whether there is code for just a GPU's architecture, with its own tensor-core instructions, and not only what runs on every newer
     * one.
     *
     * @param call a call without {@link #misfit}
     * @param target the GPU
     * @return true for 16 bits, head dimensions of 33 to 128 and no dropout on compute capability 9.0
     */
    static boolean isTuned(AttentionCall call, CudaTarget target) {
        return LIBRARY.isTunedFor(FusedCode.of(call).get(0).name(FORWARD), target.computeCapability());
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
        return new Heads(table.rows(), table.general());
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
            plan.add(new KernelStep(LIBRARY, "document_spans", target).with("documents", sight.documents)
                    .with("spans", sight.spans).with("M", sight.documents.size(1)).grid(1, 1, sight.documents.size(0)));
        }
    }

    /**
     * The forward pass.
     *
     * @param arrays the arrays
     */
    public void forward(Forward arrays) {
        KernelStep step = step(FORWARD, arrays).with("out", arrays.out).with("lse", arrays.logSums);
        plan.add(tiles(step, arrays, step.variant().queries()));
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
        KernelStep queries = step(BACKWARD_QUERIES, arrays).with("grad", gradient).with("out", arrays.out).with("lse", arrays.logSums)
                .with("delta", delta).with("q_grad", queryGradient);
        plan.add(tiles(queries, arrays, queries.variant().queries()));
        KernelStep keys = step(BACKWARD_KEYS, arrays).with("grad", gradient).with("lse", arrays.logSums).with("delta", delta)
                .with("k_grad", keyGradient).with("v_grad", valueGradient);
        plan.add(tiles(keys, arrays, keys.variant().keys()));
    }

    private KernelStep step(String kernel, Forward arrays) {
        long dim = arrays.queries.size(3);
        FusedCode code = new FusedCode("bf16", Math.toIntExact(dim), sight.general, sight.documents != null, false);
        double scale = 1 / Math.sqrt(dim);
        KernelStep step = new KernelStep(LIBRARY, code.name(kernel), target)
                .with("q", arrays.queries).with("k", arrays.keys).with("v", arrays.values).with("heads", sight.heads)
                .with("H", arrays.queries.size(1)).with("group", arrays.queries.size(1) / arrays.keys.size(1))
                .with("N", arrays.queries.size(2)).with("M", arrays.keys.size(2)).with("scale", scale)
                .with("log2_scale", scale / Math.log(2));
        if (sight.documents != null) {
            step.with("documents", sight.documents).with("spans", sight.spans);
        }
        return step;
    }

    private static KernelStep tiles(KernelStep step, Forward arrays, int tile) {
        return step.grid(arrays.queries.size(1), (arrays.queries.size(2) - 1) / tile + 1, arrays.queries.size(0));
    }
}
