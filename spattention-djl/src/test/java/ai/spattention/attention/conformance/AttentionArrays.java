package ai.spattention.attention.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.spattention.attention.AttentionCall;
import ai.spattention.attention.AttentionKernel;
import ai.spattention.attention.AttentionLayout;
import ai.spattention.attention.GradientMode;
import ai.spattention.torch.Bfloat16;
import java.util.Random;

/** The numbers of a call, the same in every type, and what the reference makes of them. */
final class AttentionArrays {

    private final AttentionSizes sizes;
    private final AttentionLayout layout;
    private final long[] documents;
    private final double[] queries;
    private final double[] keys;
    private final double[] values;
    private final double[] gradient;
    private ReferenceAttention reference;

    /** Documents [B, M], or null for one. */
    AttentionArrays(AttentionSizes sizes, AttentionLayout layout, long[] documents) {
        this.sizes = sizes;
        this.layout = layout;
        this.documents = documents;
        Random random = new Random(7);
        int rows = sizes.batch() * sizes.heads() * sizes.queries();
        int keyRows = sizes.batch() * sizes.kvHeads() * sizes.keys();
        queries = numbers(random, rows * sizes.headDim());
        keys = numbers(random, keyRows * sizes.headDim());
        values = numbers(random, keyRows * sizes.headDim());
        gradient = numbers(random, rows * sizes.headDim());
    }

    /** Multiples of 1/32 in [-2, 2), which bfloat16 holds as they are. */
    private static double[] numbers(Random random, int count) {
        return random.ints(count, -64, 64).mapToDouble(number -> number / 32.0).toArray();
    }

    /** Documents of 1 to 40 positions, cut differently in every sequence; the first ones may come again. */
    static long[] documents(AttentionSizes sizes) {
        Random random = new Random(8);
        long[] ids = new long[sizes.batch() * sizes.keys()];
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

    /** The second half of each first sequence of two, as a document of its own. */
    static long[] padding(AttentionSizes sizes) {
        long[] ids = new long[sizes.batch() * sizes.keys()];
        for (int i = 0; i < ids.length; i++) {
            boolean shorter = i / sizes.keys() % 2 == 0;
            ids[i] = shorter && i % sizes.keys() >= (sizes.keys() + 1) / 2 ? 1 : 0;
        }
        return ids;
    }

    /** What the arrays must give, computed when first asked for. */
    ReferenceAttention reference() {
        if (reference == null) {
            reference = new ReferenceAttention(sizes.batch(), sizes.heads(), sizes.kvHeads(), sizes.queries(), sizes.keys(), sizes.headDim(),
                    queries, keys, values, gradient, layout.headMasks(sizes.heads(), sizes.keys()), documents,
                    ReferenceAttention.WeightFactors.NONE);
        }
        return reference;
    }

    /** The arrays, as long as the manager is open. */
    OfType on(NDManager manager, DataType type) {
        return new OfType(this, type, layout, array(manager, type, queries, sizes.heads(), sizes.queries()),
                array(manager, type, keys, sizes.kvHeads(), sizes.keys()), array(manager, type, values, sizes.kvHeads(), sizes.keys()),
                array(manager, type, gradient, sizes.heads(), sizes.queries()),
                documents == null ? null : manager.create(documents, new Shape(sizes.batch(), sizes.keys())));
    }

    private NDArray array(NDManager manager, DataType type, double[] numbers, int heads, int length) {
        Shape shape = new Shape(sizes.batch(), heads, length, sizes.headDim());
        if (!sizes.transposed()) {
            return cast(manager.create(numbers, shape), type);
        }
        double[] rows = new double[numbers.length];
        for (int i = 0; i < rows.length; i++) {
            int d = i % sizes.headDim();
            int head = i / sizes.headDim() % heads;
            int position = i / sizes.headDim() / heads % length;
            int batch = i / sizes.headDim() / heads / length;
            rows[i] = numbers[((batch * heads + head) * length + position) * sizes.headDim() + d];
        }
        return cast(manager.create(rows, new Shape(sizes.batch(), length, heads, sizes.headDim())), type).transpose(0, 2, 1, 3);
    }

    /** An array in another type. */
    static NDArray cast(NDArray array, DataType type) {
        return type == DataType.BFLOAT16 ? Bfloat16.of(array) : array.toType(type, false);
    }

    /** An array in float64. */
    static NDArray plain(NDArray array) {
        return (Bfloat16.is(array) ? Bfloat16.toFloat32(array) : array).toType(DataType.FLOAT64, false);
    }

    static void assertClose(double[] expected, NDArray actual, double tolerance, String what) {
        double[] found = plain(actual).toDoubleArray();
        assertEquals(expected.length, found.length, what);
        double worst = 0;
        double largest = 1;
        for (int i = 0; i < found.length; i++) {
            if (!Double.isFinite(found[i])) { // a message for each number would take most of the time
                fail(what + ": " + found[i] + " at " + i);
            }
            worst = Math.max(worst, Math.abs(found[i] - expected[i]));
            largest = Math.max(largest, Math.abs(expected[i]));
        }
        assertTrue(worst <= tolerance * largest, what + ": largest difference " + worst + ", largest number " + largest);
    }

    /**
     * A call's arrays in one type.
     *
     * @param numbers what they hold
     * @param type their type
     * @param layout the pattern and its layout length
     * @param queries [B, H, N, D]
     * @param keys [B, G, M, D]
     * @param values [B, G, M, D]
     * @param gradient of the result, [B, H, N, D]
     * @param documents [B, M], or null for one document
     */
    record OfType(AttentionArrays numbers, DataType type, AttentionLayout layout, NDArray queries, NDArray keys, NDArray values,
            NDArray gradient, NDArray documents) {

        AttentionCall call(GradientMode mode) {
            return AttentionCall.of(queries, keys, values, documents, layout, 0, mode);
        }

        NDArray attend(AttentionKernel kernel, float dropout, boolean training) {
            return kernel.attend(queries, keys, values, documents, layout, dropout, training);
        }

        /** The query of a position, and the keys and values up to it. */
        OfType step(int position) {
            NDIndex one = new NDIndex(":, :, {}:{}", position, position + 1);
            NDIndex past = new NDIndex(":, :, :{}", position + 1);
            return new OfType(numbers, type, layout, queries.get(one), keys.get(past), values.get(past), gradient.get(one), null);
        }

        void requireGradients() {
            new NDList(queries, keys, values).forEach(array -> array.setRequiresGradient(true));
        }

        /** The number whose gradients are the reference's. */
        NDArray weighted(NDArray output) {
            return Bfloat16.is(output) ? Bfloat16.toFloat32(output).mul(Bfloat16.toFloat32(gradient)).sum() : output.mul(gradient).sum();
        }

        NDList gradients() {
            return new NDList(queries.getGradient(), keys.getGradient(), values.getGradient());
        }

        void assertValues(NDArray output, double tolerance, String what) {
            assertEquals(queries.getShape(), output.getShape(), what);
            assertEquals(queries.getDataType(), output.getDataType(), what);
            assertClose(numbers.reference().output, output, tolerance, what);
        }

        void assertGradients(NDList found, double tolerance, String what) {
            ReferenceAttention expected = numbers.reference();
            assertGradient(queries, expected.queryGradient, found.get(0), tolerance, what + ", queries' gradient");
            assertGradient(keys, expected.keyGradient, found.get(1), tolerance, what + ", keys' gradient");
            assertGradient(values, expected.valueGradient, found.get(2), tolerance, what + ", values' gradient");
        }

        private static void assertGradient(NDArray input, double[] expected, NDArray found, double tolerance, String what) {
            assertEquals(input.getShape(), found.getShape(), what);
            assertEquals(input.getDataType(), found.getDataType(), what);
            assertClose(expected, found, tolerance, what);
        }

        @Override
        public String toString() {
            return layout + " " + numbers.sizes + " " + type + (documents == null ? "" : " with documents");
        }
    }
}
