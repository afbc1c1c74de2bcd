package ai.spattention.attention;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import ai.spattention.attention.auto.AutoKernel;
import ai.spattention.attention.auto.Kernels;
import ai.spattention.attention.engine.DenseKernel;
import ai.spattention.attention.engine.MaskedKernel;
import ai.spattention.attention.engine.TiledKernel;
import ai.spattention.common.InvalidInputException;
import ai.spattention.pattern.AttentionPattern;
import ai.spattention.pattern.Band;
import ai.spattention.pattern.BigBirdRandom;
import ai.spattention.pattern.HeadMask;
import ai.spattention.pattern.LayoutLength;
import ai.spattention.pattern.LongformerDilated;
import ai.spattention.pattern.StandardPattern;
import ai.spattention.pattern.Stride;
import ai.spattention.torch.Bfloat16;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Every kernel against the plain-Java reference, values and gradients, in double precision. */
class KernelTest {

    /** Batch, heads, key/value heads, queries, keys, head dimension. */
    private record Sizes(int batch, int heads, int kvHeads, int n, int m, int d) {}

    private static final List<Sizes> SIZES = List.of(
            new Sizes(1, 1, 1, 1, 1, 4),
            new Sizes(2, 4, 4, 1, 1, 8),
            new Sizes(1, 3, 3, 7, 7, 5),
            new Sizes(2, 8, 8, 93, 93, 8),
            new Sizes(1, 6, 2, 101, 101, 6),
            new Sizes(1, 5, 1, 64, 64, 4),
            new Sizes(1, 16, 16, 11, 11, 4),
            new Sizes(1, 4, 2, 1, 37, 8),
            new Sizes(2, 4, 4, 29, 83, 4),
            new Sizes(1, 2, 1, 301, 301, 4));

    private static final List<LayoutLength> LAYOUTS =
            List.of(LayoutLength.SEQUENCE, LayoutLength.of(50), LayoutLength.of(512));

    static Stream<Arguments> cases() {
        List<AttentionKernel> kernels = List.of(new MaskedKernel(), new TiledKernel(), new TiledKernel(8),
                new TiledKernel(13));
        return kernels.stream().flatMap(kernel -> Stream.concat(Stream.of(StandardPattern.values()), Stream.of(new LongformerDilated(),
                new LongformerDilated(7), new BigBirdRandom())).flatMap(pattern ->
                LAYOUTS.stream().map(layout -> Arguments.of(kernel, kernel.name(), pattern, layout))));
    }

    @ParameterizedTest(name = "{1} {2} layout length {3}")
    @MethodSource("cases")
    void agreesWithReference(AttentionKernel kernel, String name, AttentionPattern pattern, LayoutLength layoutLength) {
        for (Sizes sizes : SIZES) {
            compare(kernel, new AttentionLayout(pattern, layoutLength), sizes, false);
            if (layoutLength.isSequence()) { // documents do not meet the layout length anywhere
                compare(kernel, new AttentionLayout(pattern, layoutLength), sizes, true);
            }
        }
    }

    @Test
    void theDenseKernelAgrees() {
        for (Sizes sizes : SIZES) {
            if (sizes.n == sizes.m) {
                for (AttentionKernel kernel : List.of(new DenseKernel(), new AutoKernel())) {
                    compare(kernel, new AttentionLayout(StandardPattern.CAUSAL, LayoutLength.SEQUENCE), sizes, false);
                    compare(kernel, new AttentionLayout(StandardPattern.CAUSAL, LayoutLength.SEQUENCE), sizes, true);
                }
            }
        }
    }

    @Test
    void refusesDocumentsOfAnotherShape() {
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            NDArray x = manager.zeros(new Shape(1, 2, 5, 4));
            NDArray documents = manager.zeros(new Shape(1, 4), DataType.INT64);
            for (AttentionKernel kernel : List.of(new MaskedKernel(), new TiledKernel(), new DenseKernel(), new AutoKernel())) {
                String message = assertThrows(InvalidInputException.class, () -> kernel.attend(x, x, x, documents,
                        new AttentionLayout(StandardPattern.CAUSAL, LayoutLength.SEQUENCE), 0, false)).getMessage();
                assertTrue(message.contains("[1, 5]") && message.contains("(1, 4)"), message);
            }
        }
    }

    /** None of which may be reshaped, broadcast or cut to fit: each is as large as the right one, or larger. */
    @Test
    void refusesArraysThatDoNotBelongTogether() {
        Shape right = new Shape(2, 4, 6, 8);
        AttentionLayout layout = new AttentionLayout(StandardPattern.CAUSAL, LayoutLength.SEQUENCE);
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            NDArray x = manager.ones(right);
            for (String name : Kernels.names()) {
                AttentionKernel kernel = Kernels.of(name);
                for (Shape wrong : new Shape[] {new Shape(4, 2, 6, 8), new Shape(2, 4, 8, 6), new Shape(2, 2, 12, 8),
                    new Shape(2, 4, 6, 16), new Shape(1, 4, 6, 8), new Shape(2, 4, 7, 8), new Shape(2, 24, 8), new Shape(2, 3, 6, 8)}) {
                    NDArray y = manager.ones(wrong);
                    String message = "attention takes queries [B, H, N, D] and keys and values [B, G, M, D] with N <= M and H"
                            + " divisible by G (got (2, 4, 6, 8), (2, 4, 6, 8) and " + wrong + ")";
                    for (boolean training : new boolean[] {false, true}) {
                        assertEquals(message, assertThrows(InvalidInputException.class,
                                () -> kernel.attend(x, x, y, layout, 0, training)).getMessage(), name);
                        if (wrong.dimension() == 3 || wrong.get(2) < 6 || wrong.get(0) != 2 || wrong.get(3) != 8) {
                            assertThrows(InvalidInputException.class, () -> kernel.attend(x, y, y, layout, 0, training), name);
                            assertThrows(InvalidInputException.class, () -> kernel.attend(y, x, x, layout, 0, training), name);
                        }
                    }
                }
                assertEquals("attention takes queries, keys and values of one floating-point type (got float32, float32 and float64)",
                        assertThrows(InvalidInputException.class, () -> kernel.attend(x, x, x.toType(DataType.FLOAT64, true),
                                layout, 0, false)).getMessage(), name);
                assertEquals("attention takes queries, keys and values of one floating-point type (got float32, bfloat16 and float32)",
                        assertThrows(InvalidInputException.class, () -> kernel.attend(x, Bfloat16.of(x), x,
                                layout, 0, false)).getMessage(), name);
                assertEquals("attention takes queries, keys and values of one floating-point type (got int64, int64 and int64)",
                        assertThrows(InvalidInputException.class, () -> {
                            NDArray whole = x.toType(DataType.INT64, true);
                            kernel.attend(whole, whole, whole, layout, 0, false);
                        }).getMessage(), name);
            }
            for (NDArray mask : new NDArray[] {manager.ones(new Shape(2, 1, 6, 6)), manager.ones(new Shape(2, 36)),
                manager.ones(new Shape(6, 2, 6)), manager.ones(new Shape(6, 6)), manager.ones(new Shape(2, 6, 1))}) {
                assertEquals("a mask must be [B, N, M] = [2, 6, 6] (got " + mask.getShape() + ")",
                        assertThrows(InvalidInputException.class,
                                () -> new MaskedKernel().attend(x, x, x, layout, mask, 0, false)).getMessage());
            }
        }
    }

    /** Bands, prefix and stride at once, another mix for each head, heads with equal masks not beside each other. */
    private static final AttentionPattern MIXED = new AttentionPattern() {
        @Override
        public String patternName() {
            return "mixed";
        }

        @Override
        public HeadMask headMask(int head, int numHeads, int layoutLength) {
            return switch (head % 5) {
                case 0 -> HeadMask.ofBands(new Band(3, 9), new Band(20, 22), new Band(40, 77));
                case 1 -> new HeadMask(List.of(), 0, new Stride(7, List.of(2, 5)));
                case 2 -> new HeadMask(List.of(new Band(30, 35)), 4, new Stride(12, List.of(0, 1, 11)));
                case 3 -> new HeadMask(List.of(), 9, Stride.NONE);
                default -> new HeadMask(List.of(), 0, Stride.NONE);
            };
        }
    };

    @Test
    void agreesOnMixedMasks() {
        for (AttentionKernel kernel : List.of(new MaskedKernel(), new TiledKernel(), new TiledKernel(11))) {
            compare(kernel, new AttentionLayout(MIXED, LayoutLength.SEQUENCE), new Sizes(2, 12, 6, 90, 90, 4), true);
            compare(kernel, new AttentionLayout(MIXED, LayoutLength.SEQUENCE), new Sizes(1, 7, 7, 41, 90, 4), false);
        }
    }

    private static void compare(AttentionKernel kernel, AttentionLayout layout, Sizes s, boolean packed) {
        Random random = new Random(7);
        double[] q = random.doubles((long) s.batch * s.heads * s.n * s.d, -2, 2).toArray();
        double[] k = random.doubles((long) s.batch * s.kvHeads * s.m * s.d, -2, 2).toArray();
        double[] v = random.doubles(k.length, -2, 2).toArray();
        double[] g = random.doubles(q.length, -2, 2).toArray();
        long[] ids = packed ? documents(random, s) : null;
        ReferenceAttention expected = new ReferenceAttention(s.batch, s.heads, s.kvHeads, s.n, s.m, s.d, q, k, v, g,
                layout.headMasks(s.heads, s.m), ids, AttentionDropout.NONE);
        Shape queryShape = new Shape(s.batch, s.heads, s.n, s.d);
        Shape keyShape = new Shape(s.batch, s.kvHeads, s.m, s.d);
        for (boolean exact : new boolean[] {true, false}) {
            DataType type = exact ? DataType.FLOAT64 : DataType.FLOAT32;
            double tolerance = exact ? 1e-11 : 3e-5;
            try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
                NDArray query = manager.create(q, queryShape).toType(type, false);
                NDArray key = manager.create(k, keyShape).toType(type, false);
                NDArray value = manager.create(v, keyShape).toType(type, false);
                query.setRequiresGradient(true);
                key.setRequiresGradient(true);
                value.setRequiresGradient(true);
                NDArray documents = packed ? manager.create(ids, new Shape(s.batch, s.m)) : null;
                NDArray output;
                try (GradientCollector collector = Engine.getEngine("PyTorch").newGradientCollector()) {
                    output = kernel.attend(query, key, value, documents, layout, 0, true);
                    collector.backward(output.mul(manager.create(g, queryShape).toType(type, false)).sum());
                }
                String at = kernel.name() + " " + layout + " " + s + " " + type + (packed ? " packed" : "");
                assertEquals(type, output.getDataType(), at);
                assertEquals(queryShape, output.getShape(), at);
                assertClose(expected.output, output, tolerance, at + " output");
                assertClose(expected.queryGradient, query.getGradient(), tolerance, at + " query gradient");
                assertClose(expected.keyGradient, key.getGradient(), tolerance, at + " key gradient");
                assertClose(expected.valueGradient, value.getGradient(), tolerance, at + " value gradient");
                NDArray inference = kernel.attend(query, key, value, documents, layout, 0.5f, false);
                assertClose(expected.output, inference, tolerance, at + " inference");
            }
        }
    }

    /** Documents of 1 to 40 positions, cut differently in every sequence; the first ones may come again. */
    private static long[] documents(Random random, Sizes s) {
        long[] ids = new long[s.batch * s.m];
        long document = 0;
        for (int i = 0, left = 0; i < ids.length; i++, left--) {
            if (left == 0) {
                left = 1 + random.nextInt(40);
                document = (document + 1) % 5;
            }
            ids[i] = document;
        }
        return ids;
    }

    private static void assertClose(double[] expected, NDArray actual, double tolerance, String what) {
        double[] values = actual.toType(DataType.FLOAT64, false).toDoubleArray();
        assertEquals(expected.length, values.length, what);
        double worst = 0;
        for (int i = 0; i < values.length; i++) {
            if (!Double.isFinite(values[i])) { // a message for each number would take most of the time
                fail(what + ": " + values[i] + " at " + i);
            }
            worst = Math.max(worst, Math.abs(values[i] - expected[i]));
        }
        assertTrue(worst <= tolerance, what + ": largest difference " + worst);
    }
}
