package ai.spattention.attention.fused;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.spattention.attention.AttentionDropout;
import ai.spattention.attention.AttentionLayout;
import ai.spattention.attention.AttentionShape;
import ai.spattention.attention.RandomNumbers;
import ai.spattention.attention.conformance.ReferenceAttention;
import ai.spattention.common.InvalidInputException;
import ai.spattention.cuda.TorchTensors;
import ai.spattention.pattern.HeadMask;
import ai.spattention.pattern.LayoutLength;
import ai.spattention.pattern.StandardPattern;
import ai.spattention.plan.ArrayLaunches;
import ai.spattention.plan.ComputedLaunches;
import ai.spattention.plan.Tensor;
import ai.spattention.torch.Bfloat16;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The launches of a call on a CPU's arrays, computed by {@link JavaKernels}, against attention and its gradients one pair at a time. */
class FusedCallTest {

    private static final AttentionDropout HALF = new AttentionDropout(0.5f, (9L << 32) + 77);

    private final NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");

    /** How an array lies: without gaps, as projections give it, part of something wider, or with the last axis far apart. */
    private enum Lie { PLAIN, ROWS_FIRST, SLICE, TURNED }

    private record Case(StandardPattern pattern, int batch, int heads, int kvHeads, int n, int m, int headDim, Numbers type, boolean packed,
            AttentionDropout dropout, Lie lie, int computeCapability, boolean far) {

        AttentionShape shape() {
            return new AttentionShape(batch, heads, kvHeads, n, m, headDim);
        }

        List<HeadMask> masks() {
            return new AttentionLayout(pattern, LayoutLength.SEQUENCE).headMasks(heads, m);
        }

        /** Few rows that are computed as if ranges were long. */
        HeadReach reach() {
            HeadReach reach = HeadTable.of(masks(), m).reach(n, m);
            return far ? new HeadReach(reach.general(), reach.lone(), 1e6) : reach;
        }
    }

    static Stream<Case> cases() {
        List<Case> cases = new ArrayList<>();
        for (StandardPattern pattern : StandardPattern.values()) {
            if (pattern == StandardPattern.REFORMER) {
                continue;
            }
            for (Lie lie : Lie.values()) {
                int number = cases.size();
                Numbers type = Numbers.values()[number % 3];
                boolean packed = number % 2 == 1;
                AttentionDropout dropout = number % 5 == 4 ? HALF : AttentionDropout.NONE;
                int computeCapability = number % 4 < 2 ? 90 : 80;
                cases.add(new Case(pattern, 2, 4, 2, 9, 13, 32, type, packed, dropout, lie, computeCapability, false));
                cases.add(new Case(pattern, 1, 3, 3, 7, 7, 64, type, !packed, AttentionDropout.NONE, lie, computeCapability, false));
                cases.add(new Case(pattern, 2, 4, 1, 6, 6, 5, type, packed, dropout, lie, computeCapability, false));
            }
        }
        cases.add(new Case(StandardPattern.CAUSAL, 1, 1, 1, 1, 1, 128, Numbers.BFLOAT16, true, AttentionDropout.NONE, Lie.PLAIN, 90, false));
        cases.add(new Case(StandardPattern.SP, 1, 2, 1, 3, 70, 200, Numbers.FLOAT32, false, HALF, Lie.PLAIN, 80, false));
        for (StandardPattern pattern : List.of(StandardPattern.CAUSAL, StandardPattern.SP, StandardPattern.GAPPED)) {
            for (Lie lie : Lie.values()) {
                cases.add(new Case(pattern, 2, 4, 2, 9, 13, 128, Numbers.FLOAT16, false, AttentionDropout.NONE, lie, 90, true));
                cases.add(new Case(pattern, 1, 3, 3, 5, 5, 128, Numbers.BFLOAT16, false, AttentionDropout.NONE, lie, 90, true));
            }
        }
        return cases.stream();
    }

    @AfterEach
    void close() {
        manager.close();
    }

    private NDArray array(NDManager scope, int seed, int batch, int heads, int rows, Case c) {
        long[] sizes = switch (c.lie) {
            case PLAIN -> new long[] {batch, heads, rows, c.headDim};
            case ROWS_FIRST -> new long[] {batch, rows, heads, c.headDim};
            case SLICE -> new long[] {batch, heads, rows + 1, 2L * c.headDim};
            case TURNED -> new long[] {batch, heads, c.headDim, rows};
        };
        Shape shape = new Shape(sizes);
        NDArray x = c.type.of(scope.arange((float) shape.size()).mul(0.37f + 0.11f * seed).sin().reshape(shape));
        return switch (c.lie) {
            case PLAIN -> x;
            case ROWS_FIRST -> x.transpose(0, 2, 1, 3);
            case SLICE -> x.get(":, :, 1:, " + c.headDim + ":");
            case TURNED -> x.transpose(0, 1, 3, 2);
        };
    }

    /** Documents in rising and in returning numbers that no int holds, in memory that does not begin where kernels want it. */
    private static NDArray documents(NDManager scope, Case c) {
        long[] ids = new long[c.batch * c.m + 1];
        for (int i = 1; i < ids.length; i++) {
            ids[i] = (1L << 40) + (c.batch == 1 ? i / 4 % 2 : i / 4);
        }
        return scope.create(ids).get("1:").reshape(c.batch, c.m);
    }

    private static double[] doubles(NDArray array) {
        float[] floats = Bfloat16.toFloat32(array).toFloatArray();
        double[] values = new double[floats.length];
        for (int i = 0; i < floats.length; i++) {
            values[i] = floats[i];
        }
        return values;
    }

    @ParameterizedTest
    @MethodSource("cases")
    void everyLaunchGetsTheRightMemoryAndNumbers(Case c) {
        try (NDManager inputs = manager.newSubManager()) {
            NDArray q = array(inputs, 1, c.batch, c.heads, c.n, c);
            NDArray k = array(inputs, 2, c.batch, c.kvHeads, c.m, c);
            NDArray v = array(inputs, 3, c.batch, c.kvHeads, c.m, c);
            NDArray gradient = array(inputs, 4, c.batch, c.heads, c.n, c);
            NDArray documents = c.packed ? documents(inputs, c) : null;
            HeadTable table = HeadTable.of(c.masks(), c.m);
            NDArray heads = inputs.create(table.rows(), new Shape(c.heads, HeadTable.COLUMNS));
            int arrays = inputs.getManagedArrays().size();
            NDList forward;
            try (ArrayLaunches launches = ComputedLaunches.over(c.computeCapability, new JavaKernels(), q, k, v)) {
                forward = new FusedCall(launches, c.shape(), heads, c.reach(), documents, c.dropout, q).forward(q, k, v);
            }
            assertEquals(q.getShape(), forward.get(0).getShape());
            assertSame(inputs, forward.get(0).getManager());
            NDList gradients;
            try (ArrayLaunches launches = ComputedLaunches.over(c.computeCapability, new JavaKernels(), q, k, v)) {
                gradients = new FusedCall(launches, c.shape(), heads, c.reach(), documents, c.dropout, q)
                        .backward(q, k, v, forward, gradient);
            }
            assertEquals(arrays + 5, inputs.getManagedArrays().size(), "only results stay");
            ReferenceAttention expected = new ReferenceAttention(c.batch, c.heads, c.kvHeads, c.n, c.m, c.headDim, doubles(q), doubles(k),
                    doubles(v), doubles(gradient), c.masks(), documents == null ? null : documents.toLongArray(),
                    RandomNumbers.factors(c.dropout));
            assertNear(expected.output, forward.get(0), q, c.type.values, "output");
            assertNear(expected.queryGradient, gradients.get(0), q, c.type.gradients, "queries' gradient");
            assertNear(expected.keyGradient, gradients.get(1), k, c.type.gradients, "keys' gradient");
            assertNear(expected.valueGradient, gradients.get(2), v, c.type.gradients, "values' gradient");
        }
    }

    private static void assertNear(double[] expected, NDArray found, NDArray like, double tolerance, String what) {
        assertEquals(like.getShape(), found.getShape(), what);
        assertEquals(Bfloat16.is(like), Bfloat16.is(found), what);
        assertEquals(like.getDataType(), found.getDataType(), what);
        double[] values = doubles(found);
        double difference = 0;
        double norm = 0;
        for (int i = 0; i < values.length; i++) {
            difference += (values[i] - expected[i]) * (values[i] - expected[i]);
            norm += expected[i] * expected[i];
        }
        double error = Math.sqrt(difference / Math.max(norm, 0.01 * values.length)); // the gradients of a lone key are rounding alone
        assertTrue(error < tolerance, what + ": relative error " + error); // false for NaN
    }

    @Test
    void whatKernelsCanReadIsNotCopied() {
        Case c = new Case(StandardPattern.SP, 2, 4, 2, 9, 13, 64, Numbers.BFLOAT16, false, AttentionDropout.NONE, Lie.ROWS_FIRST, 90, false);
        NDArray q = array(manager, 1, 2, 4, 9, c);
        NDArray k = array(manager, 2, 2, 2, 13, c);
        HeadTable table = HeadTable.of(c.masks(), c.m);
        NDArray heads = manager.create(table.rows(), new Shape(4, HeadTable.COLUMNS));
        List<String> launched = new ArrayList<>();
        ComputedLaunches.Kernels kernels = (name, arrays, numbers, grid) -> {
            launched.add(name);
            assertLies(q, arrays, "q");
            assertLies(k, arrays, "k");
            assertLies(k, arrays, "v");
        };
        NDList forward;
        try (ArrayLaunches launches = ComputedLaunches.over(90, kernels, q, k)) {
            forward = new FusedCall(launches, c.shape(), heads, c.reach(), null, AttentionDropout.NONE, q).forward(q, k, k);
        }
        try (ArrayLaunches launches = ComputedLaunches.over(90, kernels, q, k)) {
            new FusedCall(launches, c.shape(), heads, c.reach(), null, AttentionDropout.NONE, q).backward(q, k, k, forward, q);
        }
        assertEquals(List.of("forward-ranges-bf16-d64-sm_90a", "backward_queries-ranges-bf16-d64-sm_90a", "backward_keys-ranges-bf16-d64-sm_90a"),
                launched);
    }

    private static void assertLies(NDArray array, Map<String, Tensor> arrays, String name) {
        assertEquals(TorchTensors.view(array).address(), arrays.get(name).address(), name);
    }

    @Test
    void arraysOfSeveralTypesAreRefused() {
        Case c = new Case(StandardPattern.SP, 1, 2, 2, 5, 5, 64, Numbers.BFLOAT16, false, AttentionDropout.NONE, Lie.PLAIN, 90, false);
        NDArray q = array(manager, 1, 1, 2, 5, c);
        NDArray other = Bfloat16.toFloat32(q);
        HeadTable table = HeadTable.of(c.masks(), c.m);
        NDArray heads = manager.create(table.rows(), new Shape(2, HeadTable.COLUMNS));
        try (ArrayLaunches launches = ComputedLaunches.over(90, new JavaKernels(), q)) {
            FusedCall call = new FusedCall(launches, c.shape(), heads, c.reach(), null, AttentionDropout.NONE, q);
            assertEquals("the fused kernel takes arrays of one type: gradient is FLOAT32, the queries are BFLOAT16",
                    assertThrows(InvalidInputException.class, () -> call.backward(q, q, q, new NDList(q, q), other)).getMessage());
        }
    }
}
