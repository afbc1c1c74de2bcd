package ai.spattention.attention.fused;

import ai.djl.ndarray.types.DataType;
import ai.spattention.attention.AttentionCall;
import ai.spattention.attention.AttentionDropout;
import ai.spattention.attention.AttentionKernel;
import ai.spattention.attention.GradientMode;
import ai.spattention.cuda.CudaTarget;
import ai.spattention.cuda.KernelLibrary;
import ai.spattention.cuda.TensorView.Type;
import ai.spattention.plan.FillStep;
import ai.spattention.plan.KernelStep;
import ai.spattention.plan.Launches;
import ai.spattention.plan.Tensor;
import ai.spattention.torch.TensorFloat32;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Attention over ranges of distances, forward and backward, by this project's kernels: all ranges of a head under one softmax, walking
 * only the tiles that they reach. The kernels are {@code src/main/kernel/attention}; {@code docs/kernel.md} explains them.
 *
 * <p>Letters: B batch, H query heads, G key and value heads, N queries, the last of M positions, D the head dimension of the arrays
 * (32, 64, 128 or 256). Numbers are bfloat16, float16 or float32, the same in all arrays.
 */
public final class BandedAttention {

    static final KernelLibrary LIBRARY = KernelLibrary.beside(AttentionKernel.class, "");

    private static final String FORWARD = "forward";
    private static final String BACKWARD_QUERIES = "backward_queries";
    private static final String BACKWARD_KEYS = "backward_keys";
    private static final String BACKWARD = "backward"; // of one kernel for all gradients
    private static final String DELTA_ROWS = "delta_rows"; // before it
    private static final String FINISH_QUERIES = "finish_queries"; // after it
    private static final int MOST_BLOCKS = 65_535; // along the second and third axis of a grid
    private static final int SUM_COLUMNS = 256; // of the sums' memory
    private static final int LINE_UNIT = 4; // lines of L and delta are whole groups of 16 bytes

    private final Launches launches;
    private final Sight sight;
    private final double scale;
    private final AttentionDropout dropout;
    private final Tensor spans;

    /**
     * What the heads see.
     *
     * @param heads the rows of a {@link HeadTable}, [H, 8], int32
     * @param reach what of them decides which code computes them
     * @param documents each position's document, [B, M], int64; null for one document a sequence
     */
    public record Sight(Tensor heads, HeadReach reach, Tensor documents) {}

    /**
     * What a forward pass reads and writes. What it reads may have any strides whose rows begin at multiples of 16 bytes.
     *
     * @param queries [B, H, N, D]
     * @param keys [B, G, M, D]
     * @param values [B, G, M, D]
     * @param out memory of [B, N, H, D] without gaps, written
     * @param logSums log2 of each row's sum, float32, written: {@link #lines}
     */
    public record Forward(Tensor queries, Tensor keys, Tensor values, Tensor out, Tensor logSums) {}

    /**
     * Why no attention can be computed on a GPU.
     *
     * @param target the GPU
     * @return the reason, for people, starting in lower case; empty if the kernels run there
     */
    public static Optional<String> unsupported(CudaTarget target) {
        return LIBRARY.architecture(target.computeCapability()) != null ? Optional.empty()
                : Optional.of("it needs compute capability 8.0 or newer (this GPU has " + target.computeCapability() / 10 + "."
                        + target.computeCapability() % 10 + ")");
    }

    /**
     * Why a call cannot be computed on a GPU. Its head dimension may be one that has to be filled up with zeros.
     *
     * @param call the call
     * @param target the GPU
     * @return the reason, for people, starting in lower case; empty if the call can be computed
     */
    public static Optional<String> unsupported(AttentionCall call, CudaTarget target) {
        if (call.unsupportedPattern().isPresent()) {
            return call.unsupportedPattern();
        }
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
        return unsupported(target).or(() -> HeadTable.unfit(call.headMasks(), call.keyLength())).or(() -> unsupportedMemory(call, target));
    }

    private static Optional<String> unsupportedMemory(AttentionCall call, CudaTarget target) {
        int age = target.computeCapability();
        int bytes = FusedCode.of(call).stream().flatMap(code -> kernels(code, call.gradients(), age).stream())
                .mapToInt(name -> LIBRARY.variantFor(name, age).sharedBytes()).max().getAsInt();
        return bytes <= target.sharedBytes() ? Optional.empty() : Optional.of("its code for head dimension "
                + FusedCode.filledUp(call.headDim()) + " takes " + bytes + " bytes of shared memory a block (this GPU has "
                + target.sharedBytes() + ")");
    }

    /** The variants that a call takes, without the architecture. */
    private static List<String> kernels(FusedCode code, GradientMode gradients, int computeCapability) {
        if (gradients == GradientMode.NONE) {
            return List.of(code.name(FORWARD, computeCapability));
        }
        return code.isJoint(computeCapability)
                ? List.of(code.name(FORWARD, computeCapability), code.wide(DELTA_ROWS), code.wide(BACKWARD), code.wide(FINISH_QUERIES))
                : Stream.of(FORWARD, BACKWARD_QUERIES, BACKWARD_KEYS).map(kernel -> code.name(kernel, computeCapability)).toList();
    }

    /**
     * Whether there is code for just a GPU's architecture, with its own tensor-core instructions, and not only what runs on every newer
     * one.
     *
     * @param call a call that is not {@link #unsupported}
     * @param target the GPU
     * @return true for 16 bits, head dimensions of 33 to 128 and no dropout on compute capability 9.0
     */
    static boolean isTuned(AttentionCall call, CudaTarget target) {
        int age = target.computeCapability();
        return LIBRARY.isTunedFor(FusedCode.of(call).get(0).name(FORWARD, age), age);
    }

    /**
     * The sizes of an array with a float32 for each query of each head.
     *
     * @param batch B
     * @param heads H
     * @param queries N
     * @return [B H, N up to a multiple of 4]
     */
    public static long[] lines(long batch, long heads, long queries) {
        return new long[] {batch * heads, (queries + LINE_UNIT - 1) / LINE_UNIT * LINE_UNIT};
    }

    /**
     * Starts.
     *
     * @param launches where steps go
     * @param sight what the heads see
     * @param headDim the head dimension that scales scores; the arrays' D, or less where they were filled up with zeros
     * @param dropout which attention weights are dropped
     */
    public BandedAttention(Launches launches, Sight sight, int headDim, AttentionDropout dropout) {
        this.launches = launches;
        this.sight = sight;
        this.dropout = dropout;
        scale = 1 / Math.sqrt(headDim);
        spans = sight.documents == null ? null
                : launches.array("ends of documents", Type.INT32, sight.documents.size(0), 4, sight.documents.size(1));
    }

    /** Finds where documents begin and end, if there are any; once, before all else. */
    public void findDocuments() {
        if (sight.documents != null) {
            launches.add(new KernelStep(LIBRARY, "document_spans", launches.target()).with("documents", sight.documents)
                    .with("spans", spans).with("M", sight.documents.size(1)).grid(1, 1, sight.documents.size(0)));
        }
    }

    /**
     * The forward pass.
     *
     * @param arrays the arrays
     */
    public void forward(Forward arrays) {
        KernelStep step = step(code(arrays).name(FORWARD, age()), arrays).with("out", arrays.out).with("lse", arrays.logSums);
        add(step, arrays, arrays.queries, step.variant().queries());
    }

    /**
     * The backward pass.
     *
     * @param arrays of the forward pass
     * @param gradient of the result, [B, H, N, D], of any strides whose rows begin at multiples of 16 bytes
     * @param queryGradient memory of [B, N, H, D] without gaps, written
     * @param keyGradient of the keys as each query head sees them, memory of [B, M, H, D] without gaps, written
     * @param valueGradient of the values, likewise
     */
    public void backward(Forward arrays, Tensor gradient, Tensor queryGradient, Tensor keyGradient, Tensor valueGradient) {
        FusedCode code = code(arrays);
        boolean joint = code.isJoint(age());
        Tensor delta = launches.array("delta", Type.FLOAT32, arrays.logSums.sizes());
        KernelStep keys = step(joint ? code.wide(BACKWARD) : code.name(BACKWARD_KEYS, age()), arrays).with("grad", gradient)
                .with("lse", arrays.logSums).with("delta", delta).with("k_grad", keyGradient).with("v_grad", valueGradient).with("scale", scale);
        if (joint) {
            addSummingUp(keys, code, arrays, delta, gradient, queryGradient);
            return;
        }
        KernelStep queries = step(code.name(BACKWARD_QUERIES, age()), arrays).with("grad", gradient).with("out", arrays.out)
                .with("lse", arrays.logSums).with("delta", delta).with("q_grad", queryGradient).with("scale", scale);
        add(queries, arrays, arrays.queries, queries.variant().queries());
        add(keys, arrays, arrays.keys, keys.variant().keys());
    }

    /** The kernel that computes all gradients, between those that it needs: it sums the queries' up in memory, in float32. */
    private void addSummingUp(KernelStep backward, FusedCode code, Forward arrays, Tensor delta, Tensor gradient, Tensor queryGradient) {
        long batch = arrays.queries.size(0);
        long heads = arrays.queries.size(1);
        long tiles = (arrays.queries.size(2) - 1) / backward.variant().queries() + 1;
        long numbers = backward.variant().queries() * arrays.queries.size(3);
        Tensor turns = launches.array("turns to add", Type.INT32, batch * heads * tiles);
        Tensor sums = launches.array("sums of queries' gradients", Type.FLOAT32, batch * heads * tiles * numbers / SUM_COLUMNS, SUM_COLUMNS);
        launches.add(end(code.wide(DELTA_ROWS), arrays).with("grad", gradient).with("out", arrays.out).with("delta", delta)
                .with("turns", turns).grid(heads, tiles, batch));
        add(backward.with("turns", turns).with("sums", sums), arrays, arrays.keys, backward.variant().keys());
        launches.add(end(code.wide(FINISH_QUERIES), arrays).with("sums", sums).with("turns", turns).with("q_grad", queryGradient)
                .with("scale", scale).grid(heads, tiles, batch));
    }

    private int age() {
        return launches.target().computeCapability();
    }

    private FusedCode code(Forward arrays) {
        return new FusedCode(numbers(arrays.queries.type()), Math.toIntExact(arrays.queries.size(3)), sight.reach,
                sight.documents != null, dropout.rate() > 0);
    }

    private KernelStep end(String name, Forward arrays) {
        return new KernelStep(LIBRARY, name, launches.target()).with("H", arrays.queries.size(1)).with("N", arrays.queries.size(2));
    }

    /** What all kernels of attention take. */
    private KernelStep step(String name, Forward arrays) {
        KernelStep step = new KernelStep(LIBRARY, name, launches.target())
                .with("q", arrays.queries).with("k", arrays.keys).with("v", arrays.values).with("heads", sight.heads)
                .with("H", arrays.queries.size(1)).with("group", arrays.queries.size(1) / arrays.keys.size(1))
                .with("N", arrays.queries.size(2)).with("M", arrays.keys.size(2)).with("log2_scale", scale / Math.log(2));
        if (sight.documents != null) {
            step.with("documents", sight.documents).with("spans", spans);
        }
        if (dropout.rate() > 0) {
            step.with("seed", dropout.seed()).with("kept", dropout.kept());
        }
        return step;
    }

    private static String numbers(Type type) {
        return switch (type) {
            case BFLOAT16 -> "bf16";
            case FLOAT16 -> "fp16";
            case FLOAT32 -> TensorFloat32.isAllowed() ? "tf32" : "fp32";
            default -> throw new IllegalArgumentException("attention computes no numbers of type " + type);
        };
    }

    /** A program for each tile of rows of each head, or programs that count the tiles that they take. */
    private void add(KernelStep step, Forward arrays, Tensor rows, int tile) {
        if (step.variant().persistent()) {
            Tensor counter = launches.array("tiles taken", Type.INT32, 1);
            launches.add(new FillStep(counter));
            step.with("counter", counter);
        }
        launches.add(step.tiles(arrays.queries.size(1), (rows.size(2) - 1) / tile + 1, arrays.queries.size(0)));
    }
}
