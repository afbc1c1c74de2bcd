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
import ai.spattention.torch.Scopes;
import ai.spattention.torch.TorchScriptModule;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * A GPU kernel of this project's own: all ranges of distances of a head under one softmax, walking only the tiles that they
 * reach, forward and backward. Its source is {@code src/main/kernel/banded_attention.py}; {@code docs/kernel.md} explains it.
 *
 * <p>It takes bfloat16 or float16 on an NVIDIA GPU of compute capability 8.0 or newer, head dimension 64 or 128, at most two
 * ranges of distances a head, a prefix, and the multiples of one stride: every standard pattern but reformer. Arrays that it
 * cannot read as they lie (a last axis that is not contiguous, rows that do not start at multiples of 16 bytes) are copied
 * first. Everything runs on PyTorch's stream, without waiting for it; the same inputs give the same bits.
 *
 * <p>libtorch's autograd does not know this kernel: training reaches it through {@link #forward} and {@link #backward}, and
 * {@link #attend} with {@code training} is refused.
 */
public final class FusedKernel implements ExplicitGradientKernel {

    static final KernelLibrary LIBRARY = KernelLibrary.beside(FusedKernel.class, "fused/");

    private static final int LEAST_COMPUTE_CAPABILITY = 80;
    private static final int MOST_BLOCKS = 65_535; // along the second and third axis of a grid
    private static final int SMALLEST_TILE = 64;

    private final PlanCache<AttentionCall, DeviceTable> tables = new PlanCache<>(this::table, table -> table.manager.close());

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
        if (call.gradients() == GradientMode.ENGINE) {
            return Optional.of("libtorch's autograd does not know it: it trains in segments only");
        }
        Optional<String> missing = unavailable(call.device());
        return missing.isPresent() ? missing : misfitOfShape(call);
    }

    /** The part of {@link #misfit} that asks no device. */
    static Optional<String> misfitOfShape(AttentionCall call) {
        if (call.type() != DataType.FLOAT16 && call.type() != DataType.BFLOAT16) {
            return Optional.of("it computes in bfloat16 and float16 (got " + call.typeName() + ")");
        }
        if (call.headDim() != 64 && call.headDim() != 128) {
            return Optional.of("it takes head dimension 64 or 128 (got " + call.headDim() + ")");
        }
        if (call.dropout()) {
            return Optional.of("it has no dropout of attention weights");
        }
        if ((call.keyLength() - 1) / SMALLEST_TILE + 1 > MOST_BLOCKS) {
            return Optional.of("it takes at most " + MOST_BLOCKS * SMALLEST_TILE + " positions (got " + call.keyLength() + ")");
        }
        return HeadTable.unfit(call.headMasks(), call.keyLength());
    }

    /**
     * Whether there is code for just the device's architecture, with its own tensor-core instructions, and not only what runs on
     * every newer one.
     *
     * @param device a device on which the kernel works
     * @return true for compute capability 9.0
     */
    static boolean isTuned(Device device) {
        return LIBRARY.isTunedFor(device.getDeviceId());
    }

    @Override
    public NDArray attend(NDArray queries, NDArray keys, NDArray values, NDArray documents, AttentionLayout layout,
            float dropout, boolean training) {
        AttentionCall.ofAttend(queries, keys, values, documents, layout, dropout, training).requireFit(this);
        NDList results = forward(queries, keys, values, documents, layout);
        results.get(1).close();
        return results.get(0);
    }

    @Override
    public NDList forward(NDArray queries, NDArray keys, NDArray values, NDArray documents, AttentionLayout layout) {
        return tables.use(AttentionCall.of(queries, keys, values, documents, layout, 0, GradientMode.EXPLICIT), table -> {
            try (NDManager scope = Scopes.over(queries, keys, values)) {
                Call call = new Call(scope, queries, keys, values, documents, table);
                NDList results = Operators.MODULE.call("forward_results", true, queries);
                call.put("out", results.get(0));
                call.put("lse", results.get(1));
                call.launch("forward");
                return scope.ret(results);
            }
        });
    }

    @Override
    public NDList backward(NDArray queries, NDArray keys, NDArray values, NDArray documents, AttentionLayout layout,
            NDList forward, NDArray gradient) {
        AttentionShape.of(queries, keys, values).requireGradient(gradient);
        return tables.use(AttentionCall.of(queries, keys, values, documents, layout, 0, GradientMode.EXPLICIT),
                table -> backward(queries, keys, values, documents, table, forward, gradient));
    }

    private NDList backward(NDArray queries, NDArray keys, NDArray values, NDArray documents, DeviceTable table, NDList forward,
            NDArray gradient) {
        try (NDManager scope = Scopes.over(queries, keys, values)) {
            Call call = new Call(scope, queries, keys, values, documents, table);
            call.readable("grad", gradient);
            call.rowsFirst("out", forward.get(0));
            call.put("lse", forward.get(1));
            NDList results = Operators.MODULE.call("backward_results", true, queries, keys);
            call.put("delta", results.get(0));
            call.put("q_grad", results.get(1));
            call.launch("backward_queries");
            call.put("k_grad", results.get(2));
            call.put("v_grad", results.get(3));
            call.launch("backward_keys");
            NDArray keyGradient = results.get(2);
            NDArray valueGradient = results.get(3);
            if (call.shape.group() > 1) {
                keyGradient = Operators.MODULE.call("sum_shared", true, keyGradient, keys).singletonOrThrow();
                valueGradient = Operators.MODULE.call("sum_shared", true, valueGradient, keys).singletonOrThrow();
            }
            return scope.ret(new NDList(results.get(1), keyGradient, valueGradient));
        }
    }

    /** The tensors and numbers of one call, checked: what does not pass never reaches the device. */
    private final class Call {

        private final NDManager scope;
        private final AttentionShape shape;
        private final String feature;
        private final TensorView queries;
        private final Map<String, TensorView> tensors = new HashMap<>();
        private final Map<String, Number> numbers = new HashMap<>();

        Call(NDManager scope, NDArray q, NDArray k, NDArray v, NDArray documents, DeviceTable table) {
            this.scope = scope;
            this.shape = AttentionShape.of(q, k, v);
            this.queries = TorchTensors.view(q);
            readable("q", q);
            readable("k", k);
            readable("v", v);
            put("heads", table.rows);
            numbers.put("M", shape.keyLength());
            if (documents != null) {
                TensorView view = TorchTensors.view(documents);
                put("documents", view.isDense(0, 1) ? documents : laidOut(documents));
                findDocuments(documents);
            }
            this.feature = (table.general ? "general" : "ranges") + (documents == null ? "" : "_documents");
            double scale = 1 / Math.sqrt(shape.headDim());
            numbers.put("H", shape.numHeads());
            numbers.put("group", shape.group());
            numbers.put("N", shape.queryLength());
            numbers.put("scale", scale);
            numbers.put("log2_scale", scale / Math.log(2));
        }

        /** Takes an array that the kernel reads through strides, or a copy where its strides do not suit. */
        void readable(String name, NDArray array) {
            TensorView view = TorchTensors.view(array);
            if (view.type() != queries.type()) {
                throw new InvalidInputException("the fused kernel takes arrays of one type: " + name + " is " + view.type()
                        + ", the queries are " + queries.type());
            }
            put(name, view.isAligned() ? array : laidOut(array));
        }

        /** Takes an array that must lie as [B, rows, heads, D], or a copy that does. */
        void rowsFirst(String name, NDArray array) {
            put(name, TorchTensors.view(array).isDense(0, 2, 1, 3) ? array : laidOut(array));
        }

        void put(String name, NDArray array) {
            TensorView view = TorchTensors.view(array);
            if (view.deviceIndex() != queries.deviceIndex()) {
                throw new InvalidInputException("the fused kernel takes arrays of one device: " + name + " is on "
                        + array.getDevice() + ", the queries are on gpu" + queries.deviceIndex());
            }
            if (view.address() % 16 != 0) {
                throw new InvalidInputException("the fused kernel takes arrays that start at multiples of 16 bytes: " + name
                        + " starts at " + Long.toHexString(view.address()));
            }
            tensors.put(name, view);
        }

        /** Lets the device find where documents begin and end, so that it need not visit what lies beyond. */
        private void findDocuments(NDArray documents) {
            NDArray spans = Operators.MODULE.call("document_spans", true, documents).singletonOrThrow();
            spans.attach(scope);
            put("spans", spans);
            KernelLibrary.Variant variant = LIBRARY.variant("document_spans", queries.deviceIndex());
            LIBRARY.kernel(variant, queries.deviceIndex()).launch(1, 1, shape.batch(), tensors, numbers);
        }

        private NDArray laidOut(NDArray array) {
            NDArray copy = Operators.MODULE.call("laid_out", true, array).singletonOrThrow();
            copy.attach(scope);
            return copy;
        }

        void launch(String kernel) {
            String type = queries.type() == TensorView.Type.BFLOAT16 ? "bf16" : "fp16";
            KernelLibrary.Variant variant = LIBRARY.variant(kernel + "-" + feature + "-" + type + "-d" + shape.headDim(),
                    queries.deviceIndex());
            boolean byKeys = kernel.equals("backward_keys");
            int rows = byKeys ? shape.keyLength() : shape.queryLength();
            int tile = byKeys ? variant.keys() : variant.queries();
            LIBRARY.kernel(variant, queries.deviceIndex())
                    .launch(shape.numHeads(), (rows - 1) / tile + 1, shape.batch(), tensors, numbers);
        }
    }

    /** What the heads see, on the call's device; calls that do not fit have none. */
    private DeviceTable table(AttentionCall call) {
        call.requireFit(this);
        HeadTable rows = HeadTable.of(call.headMasks(), call.keyLength());
        return PlanMemory.with("head tables", call.device(), manager -> new DeviceTable(manager,
                manager.create(rows.rows(), new Shape(call.numHeads(), HeadTable.COLUMNS)), rows.general()));
    }
}
