package ai.spattention.train.machine;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.jni.LibUtils;
import ai.djl.training.GradientCollector;
import ai.djl.util.cuda.CudaUtils;
import ai.spattention.attention.AttentionKernel;
import ai.spattention.attention.AttentionLayout;
import ai.spattention.attention.AttentionPart;
import ai.spattention.attention.auto.Kernels;
import ai.spattention.attention.engine.MaskedKernel;
import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.nn.SeededNormal;
import ai.spattention.pattern.LayoutLength;
import ai.spattention.pattern.StandardPattern;
import ai.spattention.segment.SegmentTape;
import ai.spattention.torch.AutogradFunction;
import ai.spattention.torch.AutogradOperator;
import ai.spattention.torch.Bfloat16;
import ai.spattention.torch.DeviceSupport;
import ai.spattention.torch.TorchScriptModule;
import ai.spattention.train.config.DeviceChoice;
import ai.spattention.train.config.DeviceRequest;
import com.github.luben.zstd.util.Native;
import java.lang.management.MemoryUsage;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/** Tries one thing with PyTorch. Anything may go wrong here, up to the end of the process. */
final class Probe {

    static final String ENGINE = "PyTorch";
    private static final String DEVICE = "device";
    private static final String OPERATORS = "operators";
    private static final String FLOAT32 = "float32";
    private static final String BFLOAT16 = "bfloat16";
    private static final String READERS = "readers";
    private static final String AUTOGRAD = "own kernels in any Trainer";
    private static final String KERNEL = "kernel ";

    /** Wide enough for a kernel that computes in bfloat16; a wrong mask is off by far more. */
    private static final double TOLERANCE = 0.05;

    private static final List<StandardPattern> PATTERNS = List.of(StandardPattern.CAUSAL, StandardPattern.SP,
            StandardPattern.EXCLUSIVE, StandardPattern.LOCAL, StandardPattern.LONGFORMER, StandardPattern.BIGBIRD);

    private static final int HEADS = 4;
    /** Several tiles of every kernel, the last of them not full. */
    private static final int LENGTH = 200;

    /** Kernels have code of their own for a head dimension, and for documents. */
    private record Case(int headDim, boolean documents) {
        private static final List<Case> ALL = List.of(new Case(64, false), new Case(128, true));
    }

    private final DeviceRequest request;

    Probe(DeviceRequest request) {
        this.request = request;
    }

    /**
     * The names of all probes.
     *
     * @return the names, in the order in which they build on each other
     */
    static List<String> names() {
        return Stream.concat(Stream.of(ENGINE, DEVICE, OPERATORS, FLOAT32, BFLOAT16, AUTOGRAD),
                Stream.concat(Kernels.names().stream().map(kernel -> KERNEL + kernel), Stream.of(READERS))).toList();
    }

    /**
     * Tries one thing.
     *
     * @param name one of {@link #names}
     * @return what was found
     */
    Check run(String name) {
        return switch (name) {
            case ENGINE -> engine();
            case DEVICE -> device();
            case OPERATORS -> operators();
            case FLOAT32 -> float32();
            case BFLOAT16 -> bfloat16();
            case READERS -> readers();
            case AUTOGRAD -> autograd();
            default -> kernel(name, name.substring(KERNEL.length()));
        };
    }

    private static Check engine() {
        Engine engine = Engine.getEngine("PyTorch");
        return Check.ok(ENGINE, "version " + engine.getVersion() + " loads, with DJL's library, from " + LibUtils.getLibtorchPath());
    }

    private Check device() {
        Engine engine = Engine.getEngine("PyTorch");
        int gpus = engine.getGpuCount();
        Device chosen;
        try {
            chosen = request.resolve(gpus);
        } catch (InvalidInputException e) {
            boolean cuda = engine.hasCapability("CUDA");
            return Check.absent(DEVICE, e.getMessage(),
                    !cuda ? "these libraries of PyTorch are for the CPU: 'spattn gpu-natives' gets others"
                    : gpus == 0 ? "look at the NVIDIA driver above; CUDA_VISIBLE_DEVICES may hide GPUs"
                            : "choose a GPU that is there", true);
        }
        if (!chosen.isGpu()) {
            return Check.ok(DEVICE, "cpu, " + Runtime.getRuntime().availableProcessors() + " processors"
                    + (request.choice() == DeviceChoice.AUTO ? " (chosen: PyTorch sees no GPU)" : ""));
        }
        MemoryUsage memory = CudaUtils.getGpuMemory(chosen);
        return Check.ok(DEVICE, String.format(Locale.ROOT, "gpu:%d of %d, compute capability %s, %.1f of %.1f GB free",
                chosen.getDeviceId(), gpus, CudaUtils.getComputeCapability(chosen.getDeviceId()), (memory.getMax() - memory.getCommitted()) / 1e9,
                memory.getMax() / 1e9));
    }

    private Device chosen() {
        return request.resolve(Engine.getEngine("PyTorch").getGpuCount());
    }

    private Check operators() {
        TorchScriptModule module = TorchScriptModule.load(Probe.class, "doctor.torchscript");
        try (NDManager manager = NDManager.newBaseManager(chosen(), "PyTorch")) {
            NDArray two = manager.full(new Shape(3), 2f);
            float[] four = module.infer("add", two, two.duplicate()).singletonOrThrow().toFloatArray();
            return Arrays.equals(new float[] {4, 4, 4}, four) ? Check.ok(OPERATORS, "TorchScript loads and runs")
                    : Check.failed(OPERATORS, "2 + 2 gave " + Arrays.toString(four), "report it", true);
        }
    }

    private Check float32() {
        try (NDManager manager = NDManager.newBaseManager(chosen(), "PyTorch")) {
            NDArray matrix = manager.arange(64f).reshape(8, 8).div(64);
            return product(FLOAT32, matrix.matMul(matrix).toFloatArray(), 1e-2, true);
        }
    }

    private Check bfloat16() {
        try {
            DeviceSupport.requireBfloat16(chosen());
        } catch (InvalidInputException e) {
            return Check.absent(BFLOAT16, e.getMessage(), "train with precision=float32", false);
        }
        try (NDManager manager = NDManager.newBaseManager(chosen(), "PyTorch")) {
            NDArray matrix = manager.arange(64f).reshape(8, 8).div(64);
            NDArray half = Bfloat16.of(matrix);
            return product(BFLOAT16, Bfloat16.toFloat32(half.matMul(half)).toFloatArray(), 5e-2, false);
        }
    }

    private static Check readers() {
        Native.load();
        ai.djl.huggingface.tokenizers.jni.LibUtils.checkStatus();
        try (Connection connection = DriverManager.getConnection("jdbc:duckdb:")) {
            return Check.ok(READERS, "the libraries for zstd, tokenizer.json and Parquet load, the last one as DuckDB "
                    + connection.getMetaData().getDatabaseProductVersion());
        } catch (SQLException e) {
            throw new IllegalStateException(e.getMessage(), e);
        }
    }

    /** Compares with the square of the matrix 0, 1/64, ..., 63/64, worked out here. */
    private static Check product(String name, float[] got, double tolerance, boolean needed) {
        for (int i = 0; i < 64; i++) {
            double expected = 0;
            for (int k = 0; k < 8; k++) {
                expected += (i / 8 * 8 + k) / 64.0 * (k * 8 + i % 8) / 64.0;
            }
            if (!(Math.abs(got[i] - expected) <= tolerance)) {
                return Check.failed(name, "a matrix product gave " + got[i] + " for " + expected,
                        "report it, with the versions", needed);
            }
        }
        return Check.ok(name, "a matrix product gives what it should");
    }

    /** first · second + third, element by element, with a backward pass of its own. */
    private record ProductAndSum() implements AutogradFunction {

        @Override
        public NDList forward(NDArray first, NDArray second, NDArray third, NDArray constant, long seed) {
            return new NDList(first.mul(second).add(third), third.duplicate());
        }

        @Override
        public NDList backward(NDArray first, NDArray second, NDArray third, NDArray constant, long seed, NDList forward,
                NDArray gradient) {
            return new NDList(gradient.mul(second), gradient.mul(first), gradient.duplicate());
        }
    }

    /** Whether a backward pass in Java takes part in libtorch's autograd, as the fused kernel's does in a plain Trainer. */
    private Check autograd() {
        Optional<String> unsupported = AutogradOperator.unsupported(chosen());
        if (unsupported.isPresent()) {
            return Check.absent(AUTOGRAD, unsupported.get(), "in a plain DJL Trainer slower kernels compute; 'spattn train' is not concerned",
                    false);
        }
        try (NDManager manager = NDManager.newBaseManager(chosen(), "PyTorch")) {
            NDList inputs = new NDList();
            for (float value : new float[] {2, 3, 5}) {
                NDArray input = manager.full(new Shape(2, 2), value);
                input.setRequiresGradient(true);
                inputs.add(input);
            }
            try (GradientCollector collector = Engine.getEngine("PyTorch").newGradientCollector()) {
                NDArray result = AutogradOperator.apply(new ProductAndSum(), inputs.get(0), inputs.get(1), inputs.get(2), null, 0);
                collector.backward(result.sum());
                float[] got = {result.getFloat(0, 0), inputs.get(0).getGradient().getFloat(0, 0),
                    inputs.get(1).getGradient().getFloat(0, 0), inputs.get(2).getGradient().getFloat(0, 0)};
                return Arrays.equals(new float[] {11, 3, 2, 1}, got) ? Check.ok(AUTOGRAD, "a backward pass in Java takes part in"
                        + " libtorch's autograd")
                        : Check.failed(AUTOGRAD, "2 · 3 + 5 and its gradients 3, 2, 1 gave " + Arrays.toString(got),
                                "report it, with the versions", false);
            }
        }
    }

    /** Every pattern that the kernel takes, in float32 and bfloat16, for which it may have code of their own, against the masked kernel. */
    private Check kernel(String name, String kernelName) {
        AttentionKernel kernel = Kernels.of(kernelName);
        Set<String> right = new LinkedHashSet<>();
        Set<String> types = new LinkedHashSet<>();
        String refusal = "";
        for (StandardPattern pattern : PATTERNS) {
            for (Case about : Case.ALL) {
                float[][] expected = null; // computed for a kernel that takes the pattern at all
                for (boolean half : new boolean[] {false, true}) {
                    float[][] got;
                    try {
                        got = attend(kernel, pattern, about, half);
                    } catch (InvalidInputException e) {
                        refusal = e.getMessage();
                        continue;
                    }
                    expected = expected == null ? attend(new MaskedKernel(), pattern, about, false) : expected;
                    double error = error(expected, got);
                    if (!(error <= TOLERANCE)) {
                        return Check.failed(name, String.format(Locale.ROOT, "%s is off by %.3g from the masked kernel (%s, head dimension "
                                + "%d, %s)", pattern.patternName(), error, half ? BFLOAT16 : FLOAT32, about.headDim,
                                about.documents ? "documents" : "no documents"),
                                "choose another model.kernel, and report it", true);
                    }
                    right.add(pattern.patternName());
                    types.add(half ? BFLOAT16 : FLOAT32);
                }
            }
        }
        return right.isEmpty() ? Check.absent(name, refusal, "another kernel does: leave model.kernel at auto", false)
                : Check.ok(name, "values and gradients agree with the masked kernel for " + String.join(", ", right) + ", in "
                        + String.join(" and ", types));
    }

    /** The result and the gradients of queries, keys and values, as in training: by the kernel's own backward pass if it has one. */
    private float[][] attend(AttentionKernel kernel, StandardPattern pattern, Case about, boolean half) {
        AttentionLayout layout = new AttentionLayout(pattern, LayoutLength.SEQUENCE);
        try (NDManager manager = NDManager.newBaseManager(chosen(), "PyTorch")) {
            Shape shape = new Shape(1, HEADS, LENGTH, about.headDim);
            NDList inputs = new NDList();
            for (int i = 0; i < 3; i++) {
                // sums of ordered numbers, as sines, cancel: rounding would be all that is left of a gradient; and rounded in
                // either case, so that both kernels are given the same numbers
                NDArray rounded = Bfloat16.of(new SeededNormal(i, 1).initialize(manager, shape, DataType.FLOAT32));
                NDArray input = half ? rounded : Bfloat16.toFloat32(rounded);
                input.setRequiresGradient(true);
                inputs.add(input);
            }
            NDArray documents = about.documents
                    ? manager.create(LongStream.range(0, LENGTH).map(position -> position / 90).toArray(), new Shape(1, LENGTH)) : null;
            try (GradientCollector collector = Engine.getEngine("PyTorch").newGradientCollector();
                    SegmentTape tape = new SegmentTape(manager)) {
                NDArray result = AttentionPart.run(tape, kernel, inputs, documents, layout, 0, true);
                NDArray plain = Bfloat16.toFloat32(result);
                collector.backward(plain.mul(plain.stopGradient().cos()).sum());
                tape.backward();
                return new float[][] {plain.toFloatArray(), gradient(inputs.get(0)), gradient(inputs.get(1)), gradient(inputs.get(2))};
            }
        }
    }

    private static float[] gradient(NDArray input) {
        return Bfloat16.toFloat32(input.getGradient()).toFloatArray();
    }

    /** The largest difference relative to the largest value, over the four arrays. */
    private static double error(float[][] expected, float[][] got) {
        double worst = 0;
        for (int i = 0; i < expected.length; i++) {
            double scale = 1e-6;
            double difference = 0;
            for (int j = 0; j < expected[i].length; j++) {
                scale = Math.max(scale, Math.abs(expected[i][j]));
                difference = Math.max(difference, Math.abs(expected[i][j] - got[i][j]));
                if (Float.isNaN(got[i][j])) {
                    return Double.NaN;
                }
            }
            worst = Math.max(worst, difference / scale);
        }
        return worst;
    }
}
