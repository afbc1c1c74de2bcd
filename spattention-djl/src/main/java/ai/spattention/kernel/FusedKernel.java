package ai.spattention.kernel;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.spattention.InvalidInputException;
import ai.spattention.cuda.CudaDevice;
import ai.spattention.cuda.KernelLibrary;
import ai.spattention.cuda.TensorView;
import ai.spattention.cuda.TorchTensors;
import ai.spattention.torch.AutogradOperator;
import ai.spattention.torch.Scopes;
import ai.spattention.torch.TensorFloat32;
import ai.spattention.torch.TorchScriptModule;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * A GPU kernel of this project's own: all ranges of distances of a head under one softmax, walking only the tiles that they
 * reach, forward and backward. Its source is {@code src/main/kernel/banded_attention.py}; {@code docs/kernel.md} explains it.
 *
 * <p>It takes bfloat16, float16 or float32 on an NVIDIA GPU of compute capability 8.0 or newer, head dimensions up to 256, at most
 * two ranges of distances a head, a prefix, and the multiples of one stride: every standard pattern but reformer. Arrays that it
 * cannot read as they lie (a last axis that is not contiguous, rows that do not start at multiples of 16 bytes, a head dimension
 * other than 32, 64, 128 and 256, which is filled up with zeros) are copied first. Products of float32 numbers are as good as
 * float32's own, or those of TF32 where libtorch allows it ({@link TensorFloat32}). Everything runs on PyTorch's stream, without
 * waiting for it; the same inputs, and with dropout the same seed, give the same bits.
 *
 * <p>Training in segments calls {@link #forward} and {@link #backward}. In any other model {@link #attend} makes both a node of
 * libtorch's autograd graph ({@link AutogradOperator}); who wants a backward pass of the backward pass needs the {@link TiledKernel}.
 */
public record FusedKernel() implements ExplicitGradientKernel {

    static final KernelLibrary LIBRARY = KernelLibrary.beside(FusedKernel.class, "fused/");

    private static final int LEAST_COMPUTE_CAPABILITY = 80;
    private static final int MOST_BLOCKS = 65_535; // along the second and third axis of a grid
    private static final int SMALLEST_HEAD_DIM = 32; // of the compiled kernels, which are for powers of two
    private static final int LARGEST_HEAD_DIM = 256;

    /** One for all instances, so that these are equal: the operator of autograd keeps what it was given. */
    private static final PlanCache<AttentionCall, DeviceTable> TABLES =
            new PlanCache<>(FusedKernel::table, table -> table.manager.close());

    /** A head table on the GPU. */
    private record DeviceTable(NDManager manager, NDArray rows, boolean general) {}

    /** Bound when first used, so that the class loads where there is no engine. */
    private static final class Operators {
        static final TorchScriptModule MODULE = TorchScriptModule.load(FusedKernel.class, "fused.torchscript");
    }

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
        Optional<String> missing = CudaDevice.unavailable();
        if (missing.isPresent()) {
            return missing;
        }
        int capability = CudaDevice.of(device.getDeviceId()).computeCapability();
        return capability >= LEAST_COMPUTE_CAPABILITY ? Optional.empty()
                : Optional.of("it needs compute capability 8.0 or newer (this GPU has " + capability / 10 + "."
                        + capability % 10 + ")");
    }

    @Override
    public Optional<String> misfit(AttentionCall call) {
        return unavailable(call.device()).or(() -> misfitOfShape(call)).or(() -> call.gradients() == GradientMode.ENGINE
                ? AutogradOperator.misfit(call.device()).map(reason -> "it trains in segments only: " + reason) : Optional.empty());
    }

    /** The part of {@link #misfit} that asks no device. */
    static Optional<String> misfitOfShape(AttentionCall call) {
        if (call.type() != DataType.FLOAT16 && call.type() != DataType.BFLOAT16 && call.type() != DataType.FLOAT32) {
            return Optional.of("it computes in bfloat16, float16 and float32 (got " + call.typeName() + ")");
        }
        if (call.headDim() > LARGEST_HEAD_DIM) {
            return Optional.of("it takes head dimensions up to " + LARGEST_HEAD_DIM + " (got " + call.headDim() + ")");
        }
        int tile = call.type() == DataType.FLOAT32 || call.headDim() > 128 ? 16 : 64; // the smallest of all variants
        if ((call.keyLength() - 1) / tile + 1 > MOST_BLOCKS) {
            return Optional.of("it takes at most " + MOST_BLOCKS * tile + " positions (got " + call.keyLength() + ")");
        }
        return HeadTable.unfit(call.headMasks(), call.keyLength());
    }

    /**
     * Whether there is code for just the device's architecture, with its own tensor-core instructions, and not only what runs on
     * every newer one.
     *
     * @param call a call that fits
     * @return true for 16 bits, head dimensions of 33 to 128 and no dropout on compute capability 9.0
     */
    static boolean isTuned(AttentionCall call) {
        return LIBRARY.isTunedFor("forward-" + (call.dropout() ? "dropout" : "ranges") + "-"
                + (call.type() == DataType.FLOAT32 ? "fp32" : "bf16") + "-d" + padded(call.headDim()), call.device().getDeviceId());
    }

    /** The least head dimension of a compiled kernel that holds a head; fused.torchscript knows it, too. */
    private static int padded(int headDim) {
        return Math.max(SMALLEST_HEAD_DIM, Integer.highestOneBit(2 * headDim - 1));
    }

    @Override
    public NDArray attend(NDArray queries, NDArray keys, NDArray values, NDArray documents, AttentionLayout layout,
            float dropout, boolean training) {
        // refuses what does not fit
        TABLES.use(AttentionCall.ofAttend(queries, keys, values, documents, layout, dropout, training), table -> null);
        if (training) {
            return new AutogradAttention(this, layout, dropout).attend(queries, keys, values, documents);
        }
        NDList results = forward(queries, keys, values, documents, layout, AttentionDropout.NONE);
        results.get(1).close();
        return results.get(0);
    }

    @Override
    public NDList forward(NDArray queries, NDArray keys, NDArray values, NDArray documents, AttentionLayout layout,
            AttentionDropout dropout) {
        return TABLES.use(AttentionCall.of(queries, keys, values, documents, layout, dropout.rate(), GradientMode.EXPLICIT), table -> {
            try (NDManager scope = Scopes.over(queries, keys, values)) {
                Call call = new Call(scope, queries, keys, values, documents, table, dropout);
                NDList results = Operators.MODULE.call("forward_results", true, call.queries);
                call.put("out", results.get(0));
                call.put("lse", results.get(1));
                call.launch("forward");
                return scope.ret(new NDList(call.cut(results.get(0)), results.get(1)));
            }
        });
    }

    @Override
    public NDList backward(NDArray queries, NDArray keys, NDArray values, NDArray documents, AttentionLayout layout,
            AttentionDropout dropout, NDList forward, NDArray gradient) {
        AttentionShape.of(queries, keys, values).requireGradient(gradient);
        return TABLES.use(AttentionCall.of(queries, keys, values, documents, layout, dropout.rate(), GradientMode.EXPLICIT),
                table -> backward(queries, keys, values, documents, table, dropout, forward, gradient));
    }

    private NDList backward(NDArray queries, NDArray keys, NDArray values, NDArray documents, DeviceTable table,
            AttentionDropout dropout, NDList forward, NDArray gradient) {
        try (NDManager scope = Scopes.over(queries, keys, values)) {
            Call call = new Call(scope, queries, keys, values, documents, table, dropout);
            call.readable("grad", gradient);
            call.rowsFirst("out", forward.get(0));
            call.put("lse", forward.get(1));
            NDList results = Operators.MODULE.call("backward_results", true, call.queries, call.keys);
            call.put("delta", results.get(0));
            call.put("q_grad", results.get(1));
            call.launch("backward_queries");
            call.put("k_grad", results.get(2));
            call.put("v_grad", results.get(3));
            call.launch("backward_keys");
            NDArray keyGradient = call.cut(results.get(2));
            NDArray valueGradient = call.cut(results.get(3));
            if (call.shape.group() > 1) {
                keyGradient = Operators.MODULE.call("sum_shared", true, keyGradient, keys).singletonOrThrow();
                valueGradient = Operators.MODULE.call("sum_shared", true, valueGradient, keys).singletonOrThrow();
            }
            return scope.ret(new NDList(call.cut(results.get(1)), keyGradient, valueGradient));
        }
    }

    /** The tensors and numbers of one call, checked: what does not pass never reaches the device. */
    private static final class Call {

        private final NDManager scope;
        private final AttentionShape shape;
        private final String feature;
        private final int headDim;
        private final NDArray like;
        private final NDArray queries;
        private final NDArray keys;
        private final TensorView view;
        private final Map<String, TensorView> tensors = new HashMap<>();
        private final Map<String, Number> numbers = new HashMap<>();

        Call(NDManager scope, NDArray q, NDArray k, NDArray v, NDArray documents, DeviceTable table, AttentionDropout dropout) {
            this.scope = scope;
            this.shape = AttentionShape.of(q, k, v);
            this.headDim = padded(shape.headDim());
            this.like = q;
            this.view = TorchTensors.view(q);
            this.queries = readable("q", q);
            this.keys = readable("k", k);
            readable("v", v);
            put("heads", table.rows);
            numbers.put("M", shape.keyLength());
            if (documents != null) {
                put("documents", TorchTensors.view(documents).isDense(0, 1) ? documents : copy("laid_out", documents));
                findDocuments(documents);
            }
            boolean drops = dropout.rate() > 0;
            if (drops) {
                numbers.put("seed", dropout.seed());
                numbers.put("kept", dropout.kept());
            }
            this.feature = (drops ? "dropout" : table.general ? "general" : "ranges") + (documents == null ? "" : "_documents");
            double scale = 1 / Math.sqrt(shape.headDim());
            numbers.put("H", shape.numHeads());
            numbers.put("group", shape.group());
            numbers.put("N", shape.queryLength());
            numbers.put("scale", scale);
            numbers.put("log2_scale", scale / Math.log(2));
        }

        /** Takes an array that the kernel reads through strides, or a copy where its strides or its last axis do not suit. */
        NDArray readable(String name, NDArray array) {
            TensorView own = TorchTensors.view(array);
            if (own.type() != view.type()) {
                throw new InvalidInputException("the fused kernel takes arrays of one type: " + name + " is " + own.type()
                        + ", the queries are " + view.type());
            }
            NDArray suited = shape.headDim() < headDim ? copy("padded", array) : own.isAligned() ? array : copy("laid_out", array);
            put(name, suited);
            return suited;
        }

        /** Takes an array that must lie as [B, rows, heads, D], or a copy that does. */
        void rowsFirst(String name, NDArray array) {
            put(name, shape.headDim() < headDim ? copy("padded", array)
                    : TorchTensors.view(array).isDense(0, 2, 1, 3) ? array : copy("laid_out", array));
        }

        /** A result without what its last axis was filled up with. */
        NDArray cut(NDArray result) {
            return shape.headDim() < headDim ? Operators.MODULE.call("cut", true, result, like).singletonOrThrow() : result;
        }

        void put(String name, NDArray array) {
            TensorView own = TorchTensors.view(array);
            if (own.deviceIndex() != view.deviceIndex()) {
                throw new InvalidInputException("the fused kernel takes arrays of one device: " + name + " is on "
                        + array.getDevice() + ", the queries are on gpu" + view.deviceIndex());
            }
            if (own.address() % 16 != 0) {
                throw new InvalidInputException("the fused kernel takes arrays that start at multiples of 16 bytes: " + name
                        + " starts at " + Long.toHexString(own.address()));
            }
            tensors.put(name, own);
        }

        /** Lets the device find where documents begin and end, so that it need not visit what lies beyond. */
        private void findDocuments(NDArray documents) {
            NDArray spans = Operators.MODULE.call("document_spans", true, documents).singletonOrThrow();
            spans.attach(scope);
            put("spans", spans);
            KernelLibrary.Variant variant = LIBRARY.variant("document_spans", view.deviceIndex());
            LIBRARY.kernel(variant, view.deviceIndex()).launch(1, 1, shape.batch(), tensors, numbers);
        }

        private NDArray copy(String how, NDArray array) {
            NDArray copy = Operators.MODULE.call(how, true, array).singletonOrThrow();
            copy.attach(scope);
            return copy;
        }

        void launch(String kernel) {
            KernelLibrary.Variant variant =
                    LIBRARY.variant(kernel + "-" + feature + "-" + type() + "-d" + headDim, view.deviceIndex());
            boolean byKeys = kernel.equals("backward_keys");
            int rows = byKeys ? shape.keyLength() : shape.queryLength();
            int tile = byKeys ? variant.keys() : variant.queries();
            LIBRARY.kernel(variant, view.deviceIndex())
                    .launch(shape.numHeads(), (rows - 1) / tile + 1, shape.batch(), tensors, numbers);
        }

        /** The numbers' type and how they are multiplied, as the kernels' names say it. */
        private String type() {
            return switch (view.type()) {
                case BFLOAT16 -> "bf16";
                case FLOAT16 -> "fp16";
                default -> TensorFloat32.isAllowed() ? "tf32" : "fp32";
            };
        }
    }

    /** What the heads see, on the call's device; calls that do not fit have none. */
    private static DeviceTable table(AttentionCall call) {
        call.requireFit(new FusedKernel());
        HeadTable rows = HeadTable.of(call.headMasks(), call.keyLength());
        return PlanMemory.with("head tables", call.device(), manager -> new DeviceTable(manager,
                manager.create(rows.rows(), new Shape(call.numHeads(), HeadTable.COLUMNS)), rows.general()));
    }
}
