package ai.spattention.attention;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import ai.spattention.torch.Bfloat16;
import java.util.List;
import java.util.Random;

/** Compares a kernel in a short type with another in float32 on the same (rounded) numbers: values and gradients. */
public final class KernelAgreement {

    private static final List<String> NAMES = List.of("output", "query gradient", "key gradient", "value gradient");

    private final Device device;
    private final AttentionLayout layout;
    private final DataType type;

    /** Batch, heads, key/value heads, positions, head dimension; whether heads lie in [B, N, H, D] memory, as in a model. */
    public record Sizes(int batch, int heads, int kvHeads, int length, int headDim, boolean transposed) {}

    public KernelAgreement(Device device, AttentionLayout layout, DataType type) {
        this.device = device;
        this.layout = layout;
        this.type = type;
    }

    public void check(AttentionKernel kernel, AttentionKernel reference, Sizes sizes, boolean packed, double tolerance) {
        try (NDManager manager = NDManager.newBaseManager(device, "PyTorch")) {
            Random random = new Random(11);
            NDArray q = random(manager, random, sizes, sizes.heads);
            NDArray k = random(manager, random, sizes, sizes.kvHeads);
            NDArray v = random(manager, random, sizes, sizes.kvHeads);
            NDArray g = random(manager, random, sizes, sizes.heads);
            NDArray documents = packed ? documents(manager, sizes) : null;
            NDList expected = byEngine(reference, Bfloat16.toFloat32(q), Bfloat16.toFloat32(k), Bfloat16.toFloat32(v),
                    documents, Bfloat16.toFloat32(g));
            String at = kernel.name() + " " + layout + " " + sizes + " " + type + (packed ? " packed" : "");
            compare(expected, byEngine(kernel, q, k, v, documents, g), tolerance, at + " by the engine");
            NDArray inference = kernel.attend(q, k, v, documents, layout, 0, false);
            compare(expected.subNDList(0, 1), new NDList(inference), tolerance, at + " inference");
            if (kernel instanceof ExplicitGradientKernel explicit) {
                NDArray leaf = q.duplicate(); // a leaf that asks for gradients must not make the kernel record anything
                leaf.setRequiresGradient(true);
                try (GradientCollector collector = Engine.getEngine("PyTorch").newGradientCollector()) {
                    NDList forward = explicit.forward(leaf, k, v, documents, layout, AttentionDropout.NONE);
                    NDList gradients = explicit.backward(leaf, k, v, documents, layout, AttentionDropout.NONE, forward, g);
                    assertEquals(q.getDataType(), gradients.get(0).getDataType(), at);
                    compare(expected, new NDList(forward.get(0)).addAll(gradients), tolerance, at + " explicit");
                }
            }
        }
    }

    /** The output, then the gradients of queries, keys and values. */
    private NDList byEngine(AttentionKernel kernel, NDArray q, NDArray k, NDArray v, NDArray documents, NDArray g) {
        NDList inputs = new NDList(q.duplicate(), k.duplicate(), v.duplicate()); // keeps strides
        inputs.forEach(input -> input.setRequiresGradient(true));
        NDArray output;
        try (GradientCollector collector = Engine.getEngine("PyTorch").newGradientCollector()) {
            output = kernel.attend(inputs.get(0), inputs.get(1), inputs.get(2), documents, layout, 0, true);
            collector.backward(Bfloat16.toFloat32(output.mul(g)).sum());
        }
        assertEquals(q.getDataType(), output.getDataType(), kernel.name());
        NDList result = new NDList(output);
        inputs.forEach(input -> result.add(input.getGradient()));
        return result;
    }

    private NDArray random(NDManager manager, Random random, Sizes s, int heads) {
        float[] values = new float[s.batch * heads * s.length * s.headDim];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        NDArray rows = manager.create(values, new Shape(s.batch, s.length, heads, s.headDim)).duplicate();
        NDArray array = rows.transpose(0, 2, 1, 3);
        if (!s.transposed) {
            array = array.reshape(s.batch, 1, heads, s.length, s.headDim).concat(array.reshape(s.batch, 1, heads, s.length,
                    s.headDim), 1).get(":, 1"); // strided over the batch
        }
        return type == DataType.BFLOAT16 ? Bfloat16.of(array) : array.toType(type, false);
    }

    private static NDArray documents(NDManager manager, Sizes s) {
        long[] ids = new long[s.batch * s.length];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = i / 13;
        }
        return manager.create(ids, new Shape(s.batch, s.length));
    }

    private static void compare(NDList expected, NDList actual, double tolerance, String at) {
        for (int i = 0; i < expected.size(); i++) {
            float[] e = Bfloat16.toFloat32(expected.get(i)).toFloatArray();
            float[] a = Bfloat16.toFloat32(actual.get(i)).toFloatArray();
            assertEquals(expected.get(i).getShape(), actual.get(i).getShape(), at + " " + NAMES.get(i));
            double difference = 0;
            double norm = 0;
            for (int x = 0; x < e.length; x++) {
                if (!Float.isFinite(a[x])) { // a message for each number would take most of the time
                    fail(at + " " + NAMES.get(i) + ": " + a[x] + " at " + x);
                }
                difference += ((double) a[x] - e[x]) * ((double) a[x] - e[x]);
                norm += (double) e[x] * e[x];
            }
            double scale = Math.max(norm, 0.01 * e.length); // the gradients of lone keys are zero but for rounding
            assertTrue(difference <= tolerance * tolerance * scale,
                    at + " " + NAMES.get(i) + ": relative error " + Math.sqrt(difference / scale));
        }
    }
}
