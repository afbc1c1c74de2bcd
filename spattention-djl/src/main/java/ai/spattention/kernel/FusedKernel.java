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
import ai.spattention.cuda.Launch;
import ai.spattention.cuda.TensorView;
import ai.spattention.cuda.TorchTensors;
import ai.spattention.torch.AutogradOperator;
import ai.spattention.torch.Scopes;
import ai.spattention.torch.TensorFloat32;
import ai.spattention.torch.TorchScriptModule;
import java.util.ArrayList;
import java.util.List;
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

    /** A head table on the GPU, as long as its manager is open. */
    private record DeviceTable(NDManager manager, TensorView view, FusedVariants variants) {}

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
        if (training) {
            refuse(AttentionCall.of(queries, keys, values, documents, layout, dropout, GradientMode.EXPLICIT));
            return new AutogradAttention(this, layout, dropout).attend(queries, keys, values, documents);
        }
        NDList results = forward(queries, keys, values, documents, layout, AttentionDropout.NONE);
        results.get(1).close();
        return results.get(0);
    }

    /** Refuses what cannot be computed, or not under libtorch's autograd, as {@link #misfit} says it. */
    private void refuse(AttentionCall call) {
        TABLES.use(call, table -> null); // has been asked if the call fits
        AutogradOperator.misfit(call.device()).ifPresent(reason -> call.with(GradientMode.ENGINE).requireFit(this));
    }

    @Override
    public NDList forward(NDArray queries, NDArray keys, NDArray values, NDArray documents, AttentionLayout layout,
            AttentionDropout dropout) {
        AttentionShape shape = AttentionShape.of(queries, keys, values).with(documents, queries);
        return TABLES.use(AttentionCall.of(shape, queries, documents, layout, dropout.rate(), GradientMode.EXPLICIT), table -> {
            try (NDManager scope = Scopes.over(queries, keys, values)) {
                Call call = new Call(scope, shape, table, dropout, queries);
                call.read("k", keys);
                call.read("v", values);
                call.layOut(documents);
                NDArray output = call.rows("out", shape.numHeads(), shape.queryLength());
                NDArray lse = call.lines("lse");
                call.launch("forward");
                return scope.ret(new NDList(call.isPadded() ? Operators.MODULE.call("cut", true, output, queries).get(0) : output, lse));
            }
        });
    }

    @Override
    public NDList backward(NDArray queries, NDArray keys, NDArray values, NDArray documents, AttentionLayout layout,
            AttentionDropout dropout, NDList forward, NDArray gradient) {
        AttentionShape shape = AttentionShape.of(queries, keys, values).with(documents, queries);
        shape.requireGradient(gradient);
        return TABLES.use(AttentionCall.of(shape, queries, documents, layout, dropout.rate(), GradientMode.EXPLICIT), table -> {
            try (NDManager scope = Scopes.over(queries, keys, values)) {
                Call call = new Call(scope, shape, table, dropout, queries);
                call.read("k", keys);
                call.read("v", values);
                call.read("grad", gradient);
                call.readRowsFirst("out", forward.get(0));
                call.layOut(documents);
                call.put("lse", forward.get(1));
                call.lines("delta");
                NDArray queryGradient = call.rows("q_grad", shape.numHeads(), shape.queryLength());
                call.launch("backward_queries");
                NDArray keyGradient = call.rows("k_grad", shape.numHeads(), shape.keyLength());
                NDArray valueGradient = call.rows("v_grad", shape.numHeads(), shape.keyLength());
                call.launch("backward_keys");
                boolean asWanted = !call.isPadded() && shape.group() == 1;
                return scope.ret(asWanted ? new NDList(queryGradient, keyGradient, valueGradient) : Operators.MODULE.call(
                        "gradients", true, queryGradient, keyGradient, valueGradient, queries, keys));
            }
        });
    }

    /** The tensors and numbers of one call, checked: what does not pass never reaches the device. */
    private static final class Call {

        private final NDManager scope;
        private final AttentionShape shape;
        private final DeviceTable table;
        private final TensorView queries;
        private final int headDim;
        private final boolean drops;
        private final Launch launch = new Launch(LIBRARY);
        private final List<String> unsuited = new ArrayList<>();
        private final NDList copied = new NDList();
        private boolean packed;

        Call(NDManager scope, AttentionShape shape, DeviceTable table, AttentionDropout dropout, NDArray queries) {
            this.scope = scope;
            this.shape = shape;
            this.table = table;
            this.queries = TorchTensors.view(queries);
            this.headDim = padded(shape.headDim());
            this.drops = dropout.rate() > 0;
            if (drops) {
                launch.with("seed", dropout.seed()).with("kept", dropout.kept());
            }
            double scale = 1 / Math.sqrt(shape.headDim());
            launch.with("heads", table.view).with("H", shape.numHeads()).with("group", shape.group()).with("N", shape.queryLength())
                    .with("M", shape.keyLength()).with("scale", scale).with("log2_scale", scale / Math.log(2));
            take("q", queries, this.queries, this.queries.isAligned());
        }

        /** Takes an array that the kernel reads through strides. */
        void read(String name, NDArray array) {
            TensorView view = TorchTensors.view(array);
            take(name, array, view, view.isAligned());
        }

        /** Takes an array that must lie as [B, rows, heads, D]. */
        void readRowsFirst(String name, NDArray array) {
            TensorView view = TorchTensors.view(array);
            take(name, array, view, view.isDense(0, 2, 1, 3));
        }

        /** Takes an array, or notes that a copy must take its place. */
        private void take(String name, NDArray array, TensorView view, boolean suits) {
            if (view.type() != queries.type()) {
                throw new InvalidInputException("the fused kernel takes arrays of one type: " + name + " is " + view.type()
                        + ", the queries are " + queries.type());
            }
            if (suits && !isPadded()) {
                launch.with(name, view);
            } else {
                unsuited.add(name);
                copied.add(array);
            }
        }

        /** Copies what cannot be read as it lies, and lets the device find where documents begin and end. */
        void layOut(NDArray documents) {
            if (!copied.isEmpty()) {
                NDList copies = copies(copied);
                for (int i = 0; i < copies.size(); i++) {
                    put(unsuited.get(i), copies.get(i));
                }
            }
            packed = documents != null;
            if (packed) {
                TensorView view = TorchTensors.view(documents);
                launch.with("documents", view.isDense(0, 1) ? view : TorchTensors.view(copies(new NDList(documents)).get(0)));
                empty("spans", TensorView.Type.INT32, new long[] {shape.batch(), 4, shape.keyLength()}, 0, 1, 2);
                launch.run(launch.variant("document_spans"), 1, 1, shape.batch());
            }
        }

        private NDList copies(NDList arrays) {
            NDList copies = Operators.MODULE.call("laid_out", true, arrays);
            copies.attach(scope);
            return copies;
        }

        void put(String name, NDArray array) {
            launch.with(name, TorchTensors.view(array));
        }

        /** Whether heads are filled up to a head dimension of a compiled kernel. */
        boolean isPadded() {
            return shape.headDim() < headDim;
        }

        /** A result [B, heads, rows, D] in [B, rows, heads, D] memory. */
        NDArray rows(String name, int heads, int rows) {
            return empty(name, queries.type(), new long[] {shape.batch(), heads, rows, headDim}, 0, 2, 1, 3);
        }

        /** A float32 for each query of each head, each head's line filled up to whole groups of 16 bytes. */
        NDArray lines(String name) {
            long[] sizes = {(long) shape.batch() * shape.numHeads(), (shape.queryLength() + 3) / 4 * 4L};
            return empty(name, TensorView.Type.FLOAT32, sizes, 0, 1);
        }

        private NDArray empty(String name, TensorView.Type type, long[] sizes, int... order) {
            NDArray array = TorchTensors.empty(scope, type, queries.deviceIndex(), sizes, order);
            put(name, array);
            return array;
        }

        void launch(String kernel) {
            int computeCapability = CudaDevice.of(queries.deviceIndex()).computeCapability();
            KernelLibrary.Variant variant = launch.variant(
                    table.variants.name(kernel, type(), headDim, packed, drops, computeCapability));
            if (variant.persistent()) {
                put("counter", scope.zeros(new Shape(1), DataType.INT32, Device.gpu(queries.deviceIndex())));
            }
            boolean byKeys = kernel.equals("backward_keys");
            int rows = byKeys ? shape.keyLength() : shape.queryLength();
            int tile = byKeys ? variant.keys() : variant.queries();
            launch.runTiles(variant, shape.numHeads(), (rows - 1) / tile + 1, shape.batch());
        }

        /** The numbers' type and how they are multiplied, as the kernels' names say it. */
        private String type() {
            return switch (queries.type()) {
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
                TorchTensors.view(manager.create(rows.rows(), new Shape(call.numHeads(), HeadTable.COLUMNS))),
                rows.variants(call.queryLength(), call.keyLength())));
    }
}
