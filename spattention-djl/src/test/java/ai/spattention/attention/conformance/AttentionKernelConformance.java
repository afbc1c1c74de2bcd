package ai.spattention.attention.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import ai.spattention.attention.AttentionCall;
import ai.spattention.attention.AttentionDropout;
import ai.spattention.attention.AttentionKernel;
import ai.spattention.attention.AttentionLayout;
import ai.spattention.attention.ExplicitGradientKernel;
import ai.spattention.attention.GradientMode;
import ai.spattention.common.InvalidInputException;
import ai.spattention.pattern.AttentionPattern;
import ai.spattention.pattern.BigBirdRandom;
import ai.spattention.pattern.LayoutLength;
import ai.spattention.pattern.LongformerDilated;
import ai.spattention.pattern.LshSettings;
import ai.spattention.pattern.StandardPattern;
import ai.spattention.pattern.Window;
import ai.spattention.torch.Bfloat16;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What an {@link AttentionKernel} promises, as tests that a kernel's own test class inherits:
 *
 * <pre>{@code
 * class MyKernelTest extends AttentionKernelConformance {
 *     @Override
 *     protected AttentionKernel kernel() {
 *         return new MyKernel();
 *     }
 * }
 * }</pre>
 *
 * <p>Each call that the kernel says it fits ({@link AttentionKernel#unsupported}) must give the values and the gradients of {@link
 * ReferenceAttention}, by libtorch's autograd and, in an {@link ExplicitGradientKernel}, by its own backward pass; each other call must be
 * refused with the reason that it gave. Calls are of all patterns and types, of uneven lengths, one position, one head, heads that share
 * keys and values, packed documents, padding, and queries after cached keys.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
public abstract class AttentionKernelConformance {

    private static final List<AttentionSizes> SIZES = List.of(
            new AttentionSizes(1, 1, 1, 1, 1, 4, false),
            new AttentionSizes(2, 4, 4, 1, 1, 8, true),
            new AttentionSizes(1, 3, 3, 7, 7, 5, false),
            new AttentionSizes(2, 8, 8, 93, 93, 8, true),
            new AttentionSizes(1, 6, 2, 101, 101, 8, false),
            new AttentionSizes(1, 5, 1, 64, 64, 16, true),
            new AttentionSizes(1, 16, 16, 11, 11, 4, false),
            new AttentionSizes(1, 4, 2, 1, 37, 8, true),
            new AttentionSizes(2, 4, 4, 29, 83, 6, true),
            new AttentionSizes(1, 2, 1, 301, 301, 4, false));

    private static final List<LayoutLength> FIXED_LAYOUTS = List.of(LayoutLength.of(50), LayoutLength.of(512));

    /**
     * The kernel under test.
     *
     * @return the kernel; may be asked for several times
     */
    protected abstract AttentionKernel kernel();

    /**
     * Where the arrays are. Default: the processor.
     *
     * @return the device
     */
    protected Device device() {
        return Device.cpu();
    }

    /**
     * The types that are tried; the kernel may refuse some. Default: float64, float32, bfloat16, float16.
     *
     * @return the types
     */
    protected List<DataType> types() {
        return List.of(DataType.FLOAT64, DataType.FLOAT32, DataType.BFLOAT16, DataType.FLOAT16);
    }

    /**
     * How far a number may lie from the reference's, in units of the largest of its array, or of 1 where that is less.
     *
     * @param type the arrays' type
     * @return 1e-11 for float64, 3e-5 for float32, 0.03 for bfloat16, 0.005 for float16
     */
    protected double tolerance(DataType type) {
        return switch (type) {
            case FLOAT64 -> 1e-11;
            case FLOAT32 -> 3e-5;
            case BFLOAT16 -> 0.03;
            default -> 0.005;
        };
    }

    /**
     * The patterns that are tried; the kernel may refuse some. Default: this library's, and one that mixes all that masks have.
     *
     * @return the patterns
     */
    protected List<AttentionPattern> patterns() {
        return Stream.concat(Arrays.stream(StandardPattern.values()), Stream.of(new Window(5), new LongformerDilated(),
                new LongformerDilated(7), new BigBirdRandom(), new MixedPattern())).toList();
    }

    private Stream<Named<AttentionPattern>> namedPatterns() {
        return patterns().stream().map(pattern -> Named.of(pattern.patternName(), pattern));
    }

    /** Values and gradients, or the reason why not. */
    @ParameterizedTest
    @MethodSource("namedPatterns")
    public void agreesWithTheReference(AttentionPattern pattern) {
        AttentionLayout layout = new AttentionLayout(pattern, LayoutLength.SEQUENCE);
        for (AttentionSizes sizes : SIZES) {
            boolean inEveryType = sizes.batch() == 2;
            check(sizes, layout, null, inEveryType);
            check(sizes, layout, AttentionArrays.documents(sizes), inEveryType);
        }
        // what does not meet the number of heads or the type anywhere is tried with some sizes
        SIZES.stream().filter(sizes -> sizes.batch() == 2).forEach(sizes -> {
            check(sizes, layout, AttentionArrays.padding(sizes), false);
            FIXED_LAYOUTS.forEach(length -> check(sizes, new AttentionLayout(pattern, length), null, false));
        });
    }

    /** In the first type that fits, and in every type where asked to. */
    private void check(AttentionSizes sizes, AttentionLayout layout, long[] documents, boolean inEveryType) {
        AttentionArrays numbers = new AttentionArrays(sizes, layout, documents);
        boolean checked = false;
        for (DataType type : types()) {
            if (inEveryType || !checked) {
                try (NDManager manager = NDManager.newBaseManager(device(), "PyTorch")) {
                    checked |= check(numbers.on(manager, type));
                }
            }
        }
    }

    private boolean check(AttentionArrays.OfType arrays) {
        AttentionKernel kernel = kernel();
        double tolerance = tolerance(arrays.type());
        String at = kernel.name() + " " + arrays;
        boolean fits = fits(arrays.call(GradientMode.NONE), () -> arrays.attend(kernel, 0, false));
        if (fits) {
            NDArray output = arrays.attend(kernel, 0.5f, false); // there is no dropout in inference
            arrays.assertValues(output, tolerance, at + ", inference");
        }
        if (fits(arrays.call(GradientMode.ENGINE), () -> arrays.attend(kernel, 0, true))) {
            arrays.requireGradients();
            try (GradientCollector collector = Engine.getEngine("PyTorch").newGradientCollector()) {
                NDArray output = arrays.attend(kernel, 0, true);
                collector.backward(arrays.weighted(output));
                arrays.assertValues(output, tolerance, at + ", training");
                arrays.assertGradients(arrays.gradients(), tolerance, at + ", by the engine");
            }
        }
        if (kernel instanceof ExplicitGradientKernel explicit && explicit.unsupported(arrays.call(GradientMode.EXPLICIT)).isEmpty()) {
            NDList forward = explicit.forward(arrays.queries(), arrays.keys(), arrays.values(), arrays.documents(), arrays.layout(),
                    AttentionDropout.NONE);
            arrays.assertValues(forward.head(), tolerance, at + ", forward");
            arrays.assertGradients(explicit.backward(arrays.queries(), arrays.keys(), arrays.values(), arrays.documents(), arrays.layout(),
                    AttentionDropout.NONE, forward, arrays.gradient()), tolerance, at + ", backward");
        }
        return fits;
    }

    /** Whether a call fits; if not, it must be refused with the reason. */
    private boolean fits(AttentionCall call, Executable attend) {
        Optional<String> unsupported = kernel().unsupported(call);
        unsupported.ifPresent(reason -> {
            assertEquals(1, reason.lines().filter(line -> !line.isBlank()).count(), "a reason is one line: " + reason);
            String message = assertThrows(InvalidInputException.class, attend, () -> call + " is refused: " + reason).getMessage();
            assertTrue(message.contains(reason), message);
        });
        return unsupported.isEmpty();
    }

    /** A kernel that refuses everything has passed no test. */
    @Test
    public void computesSomething() {
        AttentionSizes sizes = new AttentionSizes(2, 4, 4, 64, 64, 16, true);
        assertTrue(patterns().stream().anyMatch(pattern -> types().stream().anyMatch(type -> {
            try (NDManager manager = NDManager.newBaseManager(device(), "PyTorch")) {
                return kernel().unsupported(new AttentionArrays(sizes, new AttentionLayout(pattern, LayoutLength.SEQUENCE), null)
                        .on(manager, type).call(GradientMode.NONE)).isEmpty();
            }
        })), kernel().name() + " fits no pattern in any type on " + device());
    }

    /** Each position after the cached keys of those before it, as in generation. */
    @ParameterizedTest
    @MethodSource("namedPatterns")
    public void decodesPositionByPosition(AttentionPattern pattern) {
        AttentionKernel kernel = kernel();
        AttentionSizes sizes = new AttentionSizes(2, 4, 2, 23, 23, 8, true);
        AttentionArrays numbers = new AttentionArrays(sizes, new AttentionLayout(pattern, LayoutLength.of(23)), null);
        for (DataType type : types()) {
            try (NDManager manager = NDManager.newBaseManager(device(), "PyTorch")) {
                AttentionArrays.OfType all = numbers.on(manager, type);
                NDList rows = new NDList();
                for (int position = 0; position < sizes.queries(); position++) {
                    AttentionArrays.OfType step = all.step(position);
                    if (fits(step.call(GradientMode.NONE), () -> step.attend(kernel, 0, false))) {
                        rows.add(AttentionArrays.plain(step.attend(kernel, 0, false)));
                    }
                }
                if (rows.size() == sizes.queries()) {
                    AttentionArrays.assertClose(numbers.reference().output, rows.stream().reduce((before, row) -> before.concat(row, 2))
                            .orElseThrow(), tolerance(type), kernel.name() + " " + all + ", position by position");
                    return; // the other types take the same way
                }
            }
        }
    }

    /** A pattern that depends on the tokens has no masks to compute by. */
    @Test
    public void refusesPatternsWithoutMasks() {
        try (NDManager manager = NDManager.newBaseManager(device(), "PyTorch")) {
            NDArray x = manager.ones(new Shape(1, 2, 5, 8));
            AttentionLayout layout = new AttentionLayout(new LshSettings(), LayoutLength.SEQUENCE);
            assertTrue(kernel().unsupported(AttentionCall.ofAttend(x, x, x, null, layout, 0, false)).isPresent());
            assertThrows(InvalidInputException.class, () -> kernel().attend(x, x, x, layout, 0, false));
        }
    }

    /** None may be reshaped, broadcast or cut to fit: each is as large as the right one, or larger. */
    @Test
    public void refusesArraysThatDoNotBelongTogether() {
        AttentionKernel kernel = kernel();
        AttentionLayout layout = new AttentionLayout(StandardPattern.CAUSAL, LayoutLength.SEQUENCE);
        try (NDManager manager = NDManager.newBaseManager(device(), "PyTorch")) {
            NDArray x = manager.ones(new Shape(2, 4, 6, 8));
            for (boolean training : new boolean[] {false, true}) {
                for (Shape wrong : new Shape[] {new Shape(4, 2, 6, 8), new Shape(2, 4, 8, 6), new Shape(2, 2, 12, 8), new Shape(2, 4, 6, 16),
                    new Shape(1, 4, 6, 8), new Shape(2, 4, 7, 8), new Shape(2, 24, 8), new Shape(2, 3, 6, 8)}) {
                    NDArray y = manager.ones(wrong);
                    assertThrows(InvalidInputException.class, () -> kernel.attend(x, x, y, layout, 0, training), "values " + wrong);
                    assertThrows(InvalidInputException.class, () -> kernel.attend(x, y, x, layout, 0, training), "keys " + wrong);
                }
                assertThrows(InvalidInputException.class,
                        () -> kernel.attend(x, x, x.toType(DataType.FLOAT64, true), layout, 0, training), "values of another type");
                assertThrows(InvalidInputException.class, () -> kernel.attend(x, Bfloat16.of(x), x, layout, 0, training),
                        "keys of another type");
                NDArray whole = x.toType(DataType.INT64, true);
                assertThrows(InvalidInputException.class, () -> kernel.attend(whole, whole, whole, layout, 0, training), "whole numbers");
                for (NDArray documents : List.of(manager.zeros(new Shape(2, 5), DataType.INT64), manager.zeros(new Shape(12), DataType.INT64),
                        manager.zeros(new Shape(2, 6)))) {
                    assertThrows(InvalidInputException.class, () -> kernel.attend(x, x, x, documents, layout, 0, training),
                            "documents " + documents.getShape() + " " + documents.getDataType());
                }
            }
        }
    }

    /** NDArrays are native memory: only the result stays, with the queries' manager. */
    @Test
    public void leavesOnlyItsResult() {
        AttentionKernel kernel = kernel();
        AttentionSizes sizes = new AttentionSizes(2, 4, 4, 64, 64, 16, true);
        for (AttentionPattern pattern : patterns()) {
            AttentionArrays numbers = new AttentionArrays(sizes, new AttentionLayout(pattern, LayoutLength.SEQUENCE), null);
            for (DataType type : types()) {
                try (NDManager manager = NDManager.newBaseManager(device(), "PyTorch")) {
                    AttentionArrays.OfType arrays = numbers.on(manager, type);
                    for (boolean training : new boolean[] {false, true}) {
                        if (kernel.unsupported(arrays.call(training ? GradientMode.ENGINE : GradientMode.NONE)).isEmpty()) {
                            int before = manager.getManagedArrays().size();
                            NDArray output = arrays.attend(kernel, 0, training);
                            assertSame(manager, output.getManager(), kernel.name() + " " + arrays);
                            assertEquals(before + 1, manager.getManagedArrays().size(), kernel.name() + " " + arrays);
                        }
                    }
                }
            }
        }
    }

    /** An array made from Java data is the garbage collector's once it is closed, though the gradient may need it. */
    @Test
    public void keepsWhatItsGradientNeeds() {
        AttentionSizes sizes = new AttentionSizes(2, 4, 4, 29, 29, 8, true);
        for (AttentionPattern pattern : patterns()) {
            AttentionArrays numbers = new AttentionArrays(sizes, new AttentionLayout(pattern, LayoutLength.SEQUENCE), null);
            for (DataType type : types()) {
                try (NDManager manager = NDManager.newBaseManager(device(), "PyTorch")) {
                    AttentionArrays.OfType arrays = numbers.on(manager, type);
                    if (kernel().unsupported(arrays.call(GradientMode.ENGINE)).isEmpty()) {
                        arrays.requireGradients();
                        try (GradientCollector collector = Engine.getEngine("PyTorch").newGradientCollector()) {
                            NDArray weighted = arrays.weighted(arrays.attend(kernel(), 0, true));
                            GarbageCollection.overwriteFreedBuffers();
                            collector.backward(weighted);
                            arrays.assertGradients(arrays.gradients(), tolerance(type), kernel().name() + " " + arrays);
                        }
                        break; // the other types take the same way
                    }
                }
            }
        }
    }

    /** Where all values are 1, so is every result on average, though not each of them. */
    @Test
    public void dropsWeightsAndKeepsTheirMean() {
        AttentionKernel kernel = kernel();
        AttentionLayout layout = new AttentionLayout(StandardPattern.CAUSAL, LayoutLength.SEQUENCE);
        for (DataType type : types()) {
            try (NDManager manager = NDManager.newBaseManager(device(), "PyTorch")) {
                NDArray ones = AttentionArrays.cast(manager.ones(new Shape(4, 8, 64, 16)), type);
                AttentionCall call = AttentionCall.ofAttend(ones, ones, ones, null, layout, 0.5f, true);
                if (fits(call, () -> kernel.attend(ones, ones, ones, layout, 0.5f, true))) {
                    double[] dropped = AttentionArrays.plain(kernel.attend(ones, ones, ones, layout, 0.5f, true)).toDoubleArray();
                    assertEquals(1, Arrays.stream(dropped).average().orElseThrow(), 0.05, kernel.name() + " " + type);
                    assertTrue(Arrays.stream(dropped).anyMatch(value -> Math.abs(value - 1) > 0.1), kernel.name() + " " + type);
                }
            }
        }
    }

    /** Configurations, reports and lists of kernels hold it. */
    @Test
    public void hasAName() {
        assertTrue(kernel().name().matches("[a-z][a-z0-9-]*"), kernel().name());
    }
}
