package ai.spattention.attention.fused;

import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import ai.spattention.attention.AttentionDropout;
import ai.spattention.attention.AttentionLayout;
import ai.spattention.attention.engine.MaskedKernel;
import ai.spattention.cuda.TensorView.Type;
import ai.spattention.pattern.LayoutLength;
import ai.spattention.pattern.StandardPattern;
import ai.spattention.plan.PlanRunner;
import ai.spattention.plan.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Banded attention in a plan against the masked kernel in float32 and its gradients by autograd, on a GPU. */
class BandedAttentionGpuTest {

    private static final double TOLERANCE = 1e-2;

    /** Batch, heads, key and value heads, positions, head dimension. */
    private record Sizes(int batch, int heads, int kvHeads, int length, int dim) {

        long tokens() {
            return (long) batch * length;
        }
    }

    private static final List<Sizes> SIZES = List.of(new Sizes(1, 1, 1, 1, 64), new Sizes(3, 2, 1, 17, 32), new Sizes(1, 5, 5, 64, 128),
            new Sizes(3, 8, 2, 127, 64), new Sizes(1, 4, 4, 129, 256), new Sizes(1, 4, 2, 700, 128), new Sizes(1, 2, 1, 4203, 128),
            new Sizes(1, 2, 1, 8255, 128), new Sizes(2, 4, 2, 66, 64));

    static Stream<StandardPattern> patterns() {
        return Arrays.stream(StandardPattern.values())
                .filter(pattern -> HeadTable.unfit(new AttentionLayout(pattern, LayoutLength.SEQUENCE).headMasks(8, 700), 700).isEmpty());
    }

    @ParameterizedTest
    @MethodSource("patterns")
    void agreesWithTheMaskedKernel(StandardPattern pattern) {
        for (Sizes sizes : SIZES) {
            compare(pattern, sizes, false);
            compare(pattern, sizes, true);
        }
    }

    private static void compare(StandardPattern pattern, Sizes s, boolean packed) {
        AttentionLayout layout = new AttentionLayout(pattern, LayoutLength.SEQUENCE);
        String at = pattern + " " + s + (packed ? " packed" : "");
        try (PlanRunner runner = new PlanRunner()) {
            long keyColumns = (long) s.kvHeads * s.dim;
            NDArray q = runner.rounded(s.batch, s.length, s.heads, s.dim);
            NDArray k = runner.rounded(s.batch, s.length, s.kvHeads, s.dim);
            NDArray v = runner.rounded(s.tokens(), 16 + keyColumns); // columns of a wider array
            NDArray gradient = runner.rounded(s.batch, s.length, s.heads, s.dim);
            NDArray documents = packed ? runner.manager().create(documents(s), new Shape(s.batch, s.length)) : null;
            HeadTable heads = HeadTable.of(layout.headMasks(s.heads, s.length), s.length);
            BandedAttention attention = new BandedAttention(runner.plan(), new BandedAttention.Sight(
                    runner.in("heads", runner.manager().create(heads.rows(), new Shape(s.heads, HeadTable.COLUMNS))), heads.reach(s.length, s.length),
                    packed ? runner.in("documents", documents) : null), s.dim, AttentionDropout.NONE);
            Tensor out = runner.out("out", Type.BFLOAT16, s.tokens(), (long) s.heads * s.dim);
            Tensor logSums = runner.plan().array("log sums", Type.FLOAT32, BandedAttention.lines(s.batch, s.heads, s.length));
            BandedAttention.Forward arrays = new BandedAttention.Forward(byHead(s, runner.half("queries", q), 0, s.heads),
                    byHead(s, runner.half("keys", k), 0, s.kvHeads), byHead(s, runner.half("values", v), 16, s.kvHeads), out, logSums);
            Tensor queryGradient = runner.out("gradient of queries", Type.BFLOAT16, s.tokens(), (long) s.heads * s.dim);
            Tensor keyGradient = runner.out("gradient of keys", Type.BFLOAT16, s.tokens(), (long) s.heads * s.dim);
            Tensor valueGradient = runner.out("gradient of values", Type.BFLOAT16, s.tokens(), (long) s.heads * s.dim);
            attention.findDocuments();
            attention.forward(arrays);
            attention.backward(arrays, byHead(s, runner.half("gradient", gradient), 0, s.heads), queryGradient, keyGradient, valueGradient);

            NDList expected = expected(q, k, v.get(":, 16:").reshape(s.batch, s.length, s.kvHeads, s.dim), gradient, documents, layout);
            runner.run();
            near(expected.get(0), runner.read(out).reshape(s.batch, s.length, s.heads, s.dim), at + ": output");
            near(expected.get(1), runner.read(queryGradient).reshape(s.batch, s.length, s.heads, s.dim), at + ": queries' gradient");
            near(expected.get(2), byGroup(s, runner.read(keyGradient)), at + ": keys' gradient");
            near(expected.get(3), byGroup(s, runner.read(valueGradient)), at + ": values' gradient");
        }
    }

    private static void near(NDArray expected, NDArray found, String what) {
        NDArray exact = PlanRunner.exact(expected);
        if (exact.abs().max().getDouble() == 0) { // one key takes all the weight: the kernel's gradient is what rounding leaves
            assertTrue(found.abs().max().getDouble() < 1e-5, what + " must be 0");
        } else {
            PlanRunner.assertClose(exact, found, TOLERANCE, what);
        }
    }

    /** [B, N, heads, D] -> [B, heads, N, D], the heads beginning at a column. */
    private static Tensor byHead(Sizes s, Tensor rows, long column, int heads) {
        long row = rows.elements() / s.tokens();
        Tensor flat = rows.reshape(s.tokens(), row).columns(column, (long) heads * s.dim);
        return flat.as(new long[] {s.batch, heads, s.length, s.dim}, new long[] {s.length * row, s.dim, row, 1});
    }

    /** The gradients of keys or values by query head, added up by head. */
    private static NDArray byGroup(Sizes s, NDArray gradient) {
        return gradient.reshape(s.batch, s.length, s.kvHeads, s.heads / s.kvHeads, s.dim).sum(new int[] {3});
    }

    private static long[] documents(Sizes s) {
        Random random = new Random(3);
        long[] ids = new long[(int) s.tokens()];
        long document = 1L << 40; // an id that an int cannot hold
        for (int i = 0; i < ids.length; i++) {
            document += random.nextInt(30) == 0 ? 1 : 0;
            ids[i] = document;
        }
        return ids;
    }

    /** Output and gradients in float32, [B, N, heads, D]. */
    private static NDList expected(NDArray q, NDArray k, NDArray v, NDArray gradient, NDArray documents, AttentionLayout layout) {
        NDList leaves = new NDList();
        for (NDArray each : List.of(q, k, v)) {
            NDArray leaf = each.duplicate();
            leaf.setRequiresGradient(true);
            leaves.add(leaf);
        }
        NDArray output;
        try (GradientCollector collector = Engine.getEngine("PyTorch").newGradientCollector()) {
            output = new MaskedKernel().attend(leaves.get(0).transpose(0, 2, 1, 3), leaves.get(1).transpose(0, 2, 1, 3),
                    leaves.get(2).transpose(0, 2, 1, 3), documents, layout, 0, true).transpose(0, 2, 1, 3);
            collector.backward(output.mul(gradient).sum());
        }
        return new NDList(output.stopGradient(), leaves.get(0).getGradient(), leaves.get(1).getGradient(), leaves.get(2).getGradient());
    }
}
