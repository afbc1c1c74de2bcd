package ai.spattention.attention.fused;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import ai.spattention.attention.AttentionDropout;
import ai.spattention.attention.AttentionLayout;
import ai.spattention.attention.engine.MaskedKernel;
import ai.spattention.common.InvalidInputException;
import ai.spattention.pattern.LayoutLength;
import ai.spattention.pattern.StandardPattern;
import ai.spattention.torch.Bfloat16;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The fused kernel on a GPU, against the masked kernel in float32 and its gradients by autograd. */
class FusedKernelGpuTest {

    /** Batch, heads, key/value heads, queries, keys. */
    private record Sizes(int batch, int heads, int kvHeads, int n, int m) {}

    private static final List<Sizes> SIZES = List.of(
            new Sizes(1, 1, 1, 1, 1), new Sizes(3, 2, 1, 17, 17), new Sizes(1, 5, 5, 64, 64), new Sizes(3, 8, 2, 127, 127),
            new Sizes(1, 16, 16, 129, 129), new Sizes(1, 5, 5, 1000, 1000), new Sizes(1, 8, 4, 100, 1003), new Sizes(3, 2, 2, 1, 700));

    /** Ways for an array of [B, heads, rows, D] to lie. */
    private enum Lie {
        /** As it says. */
        PLAIN,
        /** As [B, rows, heads, D], like a projection's result. */
        ROWS_FIRST,
        /** Part of something wider, its rows still at multiples of 16 bytes. */
        SLICE,
        /** With the last axis not contiguous: it must be copied. */
        TURNED
    }

    private NDManager manager;

    @BeforeAll
    static void needsAGpu() {
        boolean gpu = Engine.getEngine("PyTorch").getGpuCount() > 0;
        assumeTrue(gpu, "no GPU here");
        FusedKernel.unavailable(Device.gpu()).ifPresent(reason -> assumeTrue(false, reason));
    }

    @BeforeEach
    void open() {
        manager = NDManager.newBaseManager(Device.gpu(), "PyTorch");
    }

    @AfterEach
    void close() {
        manager.close();
    }

    static Stream<StandardPattern> patterns() {
        return Stream.of(StandardPattern.values()).filter(pattern -> pattern != StandardPattern.REFORMER);
    }

    @ParameterizedTest
    @MethodSource("patterns")
    void agreesWithTheMaskedKernel(StandardPattern pattern) {
        int number = 0;
        for (Sizes sizes : SIZES) {
            for (int headDim : new int[] {32, 64, 96, 128, 256}) {
                for (Numbers type : Numbers.values()) {
                    for (boolean packed : new boolean[] {false, true}) {
                        Lie lie = Lie.values()[number++ % Lie.values().length];
                        LayoutLength layout = number % 3 == 0 ? LayoutLength.of(Math.max(1, sizes.m / 2)) : LayoutLength.SEQUENCE;
                        compare(new AttentionLayout(pattern, layout), sizes, headDim, type, packed, lie);
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("patterns")
    void agreesOnLongSequences(StandardPattern pattern) {
        AttentionLayout layout = new AttentionLayout(pattern, LayoutLength.SEQUENCE);
        compare(layout, new Sizes(1, 4, 4, 4096, 4096), 128, Numbers.BFLOAT16, false, Lie.ROWS_FIRST);
        compare(layout, new Sizes(1, 2, 2, 4096, 4096), 64, Numbers.FLOAT16, true, Lie.ROWS_FIRST);
        compare(layout, new Sizes(1, 2, 2, 4096, 4096), 64, Numbers.FLOAT32, false, Lie.ROWS_FIRST);
    }

    /** A full GPU, on which programs wait for memory: a race that takes one in some thousand of them shows. */
    @ParameterizedTest
    @MethodSource("patterns")
    void givesTheSameBitsWhenAllProgramsAreBusy(StandardPattern pattern) {
        AttentionLayout layout = new AttentionLayout(pattern, LayoutLength.SEQUENCE);
        FusedKernel kernel = new FusedKernel();
        for (int headDim : new int[] {64, 128}) {
            try (NDManager scope = manager.newSubManager()) {
                List<NDArray> inputs = Stream.generate(() -> array(scope, 32, 8, 2048, headDim, Numbers.BFLOAT16, Lie.ROWS_FIRST)).limit(4).toList();
                NDList first = new NDList();
                for (int call = 0; call < 60; call++) {
                    NDList forward = kernel.forward(inputs.get(0), inputs.get(1), inputs.get(2), null, layout, AttentionDropout.NONE);
                    NDList found = kernel.backward(inputs.get(0), inputs.get(1), inputs.get(2), null, layout, AttentionDropout.NONE, forward,
                            inputs.get(3));
                    found.add(forward.get(0));
                    forward.subNDList(1).close();
                    if (first.isEmpty()) {
                        first = found;
                    }
                    for (int i = 0; i < found.size(); i++) { // a NaN differs from itself
                        try (NDArray difference = found.get(i).sub(first.get(i)); NDArray most = difference.abs().max();
                                NDArray exact = Bfloat16.toFloat32(most)) {
                            assertEquals(0, exact.getFloat(), pattern + ", D " + headDim + ", call " + call + ", array " + i);
                        }
                    }
                    if (call > 0) {
                        found.close();
                    }
                }
            }
        }
    }

    private void compare(AttentionLayout layout, Sizes s, int headDim, Numbers type, boolean packed, Lie lie) {
        String at = layout + " " + s + " D " + headDim + " " + type + (packed ? " packed " : " ") + lie;
        try (NDManager scope = manager.newSubManager()) {
            NDArray q = array(scope, s.batch, s.heads, s.n, headDim, type, lie);
            NDArray k = array(scope, s.batch, s.kvHeads, s.m, headDim, type, lie);
            NDArray v = array(scope, s.batch, s.kvHeads, s.m, headDim, type, lie);
            NDArray gradient = array(scope, s.batch, s.heads, s.n, headDim, type, lie);
            NDArray documents = packed ? scope.create(documents(s), new Shape(s.batch, s.m)) : null;
            FusedKernel kernel = new FusedKernel();
            NDList forward = kernel.forward(q, k, v, documents, layout, AttentionDropout.NONE);
            NDList gradients = kernel.backward(q, k, v, documents, layout, AttentionDropout.NONE, forward, gradient);
            assertEquals(q.getShape(), forward.get(0).getShape(), at);
            NDList expected = expected(scope, q, k, v, gradient, documents, layout);
            assertNear(expected.get(0), forward.get(0), type.values, at + ": output");
            assertNear(expected.get(1), gradients.get(0), type.gradients, at + ": queries' gradient");
            assertNear(expected.get(2), gradients.get(1), type.gradients, at + ": keys' gradient");
            assertNear(expected.get(3), gradients.get(2), type.gradients, at + ": values' gradient");
            NDList again = kernel.forward(q, k, v, documents, layout, AttentionDropout.NONE);
            assertSame(forward.get(0), again.get(0), at + ": output");
            NDList gradientsAgain = kernel.backward(q, k, v, documents, layout, AttentionDropout.NONE, again, gradient);
            for (int i = 0; i < 3; i++) {
                assertSame(gradients.get(i), gradientsAgain.get(i), at + ": gradient " + i);
            }
            assertSame(forward.get(0), kernel.attend(q, k, v, documents, layout, 0.5f, false), at + ": inference");
            NDList byEngine = byEngine(scope, kernel, q, k, v, gradient, documents, layout);
            assertSame(forward.get(0), byEngine.get(0), at + ": output under autograd");
            for (int i = 0; i < 3; i++) {
                assertSame(gradients.get(i), byEngine.get(i + 1), at + ": gradient " + i + " under autograd");
            }
        }
    }

    private static NDArray array(NDManager scope, int batch, int heads, int rows, int headDim, Numbers type, Lie lie) {
        NDArray x = switch (lie) {
            case PLAIN -> scope.randomNormal(new Shape(batch, heads, rows, headDim));
            case ROWS_FIRST -> scope.randomNormal(new Shape(batch, rows, heads, headDim));
            case SLICE -> scope.randomNormal(new Shape(batch, heads, rows + 1, 2L * headDim));
            case TURNED -> scope.randomNormal(new Shape(batch, heads, headDim, rows));
        };
        x = type.of(x);
        return switch (lie) {
            case PLAIN -> x;
            case ROWS_FIRST -> x.transpose(0, 2, 1, 3);
            case SLICE -> x.get(":, :, 1:, " + headDim + ":");
            case TURNED -> x.transpose(0, 1, 3, 2);
        };
    }

    private static long[] documents(Sizes s) {
        Random random = new Random(3);
        long[] ids = new long[s.batch * s.m];
        long document = 0;
        for (int i = 0; i < ids.length; i++) {
            long next = s.batch == 1 ? (document + 1) % 5 : document + 1; // numbers that come back, and numbers that only rise
            document = random.nextInt(40) == 0 ? next : document;
            ids[i] = document + (1L << 40); // an id that an int cannot hold
        }
        return ids;
    }

    /** Output and gradients in float32, from the values that the kernel was given. */
    private static NDList expected(NDManager scope, NDArray q, NDArray k, NDArray v, NDArray gradient, NDArray documents,
            AttentionLayout layout) {
        NDArray[] inputs = new NDArray[3];
        for (int i = 0; i < 3; i++) {
            inputs[i] = Bfloat16.toFloat32(List.of(q, k, v).get(i)).stopGradient().duplicate();
            inputs[i].attach(scope);
            inputs[i].setRequiresGradient(true);
        }
        NDArray output;
        try (GradientCollector collector = Engine.getEngine("PyTorch").newGradientCollector()) {
            output = new MaskedKernel().attend(inputs[0], inputs[1], inputs[2], documents, layout, 0, true);
            collector.backward(output.mul(Bfloat16.toFloat32(gradient)).sum());
        }
        return new NDList(output.stopGradient(), inputs[0].getGradient(), inputs[1].getGradient(), inputs[2].getGradient());
    }

    /** Output and gradients through libtorch's autograd. */
    private static NDList byEngine(NDManager scope, FusedKernel kernel, NDArray q, NDArray k, NDArray v, NDArray gradient,
            NDArray documents, AttentionLayout layout) {
        NDArray[] inputs = new NDArray[3];
        for (int i = 0; i < 3; i++) {
            inputs[i] = List.of(q, k, v).get(i).duplicate();
            inputs[i].attach(scope);
            inputs[i].setRequiresGradient(true);
        }
        NDArray output;
        try (GradientCollector collector = Engine.getEngine("PyTorch").newGradientCollector()) {
            output = kernel.attend(inputs[0], inputs[1], inputs[2], documents, layout, 0, true);
            collector.backward(Bfloat16.toFloat32(output.mul(gradient)).sum());
        }
        return new NDList(output.stopGradient(), inputs[0].getGradient(), inputs[1].getGradient(), inputs[2].getGradient());
    }

    private static void assertNear(NDArray expected, NDArray actual, double limit, String what) {
        NDArray difference = Bfloat16.toFloat32(actual).sub(expected);
        double norm = Math.sqrt(expected.square().sum().getFloat());
        double error = Math.sqrt(difference.square().sum().getFloat()) / (norm == 0 ? 1 : norm);
        assertTrue(error < limit, what + ": relative error " + error); // false for NaN
    }

    private static void assertSame(NDArray first, NDArray second, String what) {
        assertTrue(Bfloat16.toFloat32(first).eq(Bfloat16.toFloat32(second)).all().getBoolean(), what + " differs the second time");
    }

    @Test
    void rowsThatSeeNothingGiveZero() {
        AttentionLayout layout = new AttentionLayout(StandardPattern.EXCLUSIVE, LayoutLength.SEQUENCE);
        NDArray q = array(manager, 1, 4, 200, 64, Numbers.BFLOAT16, Lie.PLAIN);
        NDArray output = Bfloat16.toFloat32(new FusedKernel().attend(q, q, q, layout, 0, false));
        assertEquals(0, output.get("0, 3, :150").abs().sum().getFloat(), "head 3 sees distances from 150 on");
        assertTrue(output.get("0, 3, 150:").abs().sum().getFloat() > 0);
    }

    @Test
    void refusesWhatWouldReadForeignMemory() {
        AttentionLayout layout = new AttentionLayout(StandardPattern.SP, LayoutLength.SEQUENCE);
        NDArray brain = array(manager, 1, 2, 20, 64, Numbers.BFLOAT16, Lie.PLAIN);
        NDArray half = array(manager, 1, 2, 20, 64, Numbers.FLOAT16, Lie.PLAIN);
        FusedKernel kernel = new FusedKernel();
        String types = assertThrows(InvalidInputException.class, () -> kernel.attend(brain, half, half, layout, 0, false)).getMessage();
        assertEquals("attention takes queries, keys and values of one floating-point type (got bfloat16, float16 and float16)", types);
        NDArray onCpu = Bfloat16.of(NDManager.newBaseManager(Device.cpu(), "PyTorch").ones(new Shape(1, 2, 20, 64)));
        assertThrows(InvalidInputException.class, () -> kernel.attend(brain, onCpu, onCpu, layout, 0, false));
        NDList forward = kernel.forward(brain, brain, brain, null, layout, AttentionDropout.NONE);
        assertThrows(InvalidInputException.class, () -> kernel.backward(brain, brain, brain, null, layout, AttentionDropout.NONE,
                forward, array(manager, 1, 2, 19, 64, Numbers.BFLOAT16, Lie.PLAIN)));
    }

    @Test
    void leavesNoMemoryBehind() {
        AttentionLayout layout = new AttentionLayout(StandardPattern.SP, LayoutLength.SEQUENCE);
        NDArray q = array(manager, 2, 4, 300, 64, Numbers.BFLOAT16, Lie.TURNED);
        FusedKernel kernel = new FusedKernel();
        int[] arrays = new int[2];
        for (int round = 0; round < 2; round++) {
            for (int i = 0; i < 5; i++) {
                NDList forward = kernel.forward(q, q, q, null, layout, AttentionDropout.NONE);
                NDList gradients = kernel.backward(q, q, q, null, layout, AttentionDropout.NONE, forward, forward.get(0));
                forward.close();
                gradients.close();
            }
            arrays[round] = manager.getManagedArrays().size();
        }
        assertEquals(arrays[0], arrays[1]);
    }
}
