package ai.spattention.attention;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.spattention.attention.conformance.ReferenceAttention;
import ai.spattention.torch.EngineArrays;
import java.util.stream.IntStream;

/** {@link ReferenceAttention} as a kernel with a backward pass of its own, on a CPU, in float32. */
public record ReferenceKernel() implements ExplicitGradientKernel {

    @Override
    public String name() {
        return "reference";
    }

    @Override
    public NDArray attend(NDArray queries, NDArray keys, NDArray values, NDArray documents, AttentionLayout layout, float dropout,
            boolean training) {
        return training ? new AutogradAttention(this, layout, dropout).attend(queries, keys, values, documents)
                : forward(queries, keys, values, documents, layout, AttentionDropout.NONE).get(0);
    }

    @Override
    public NDList forward(NDArray queries, NDArray keys, NDArray values, NDArray documents, AttentionLayout layout,
            AttentionDropout dropout) {
        double[] output = compute(queries, keys, values, documents, layout, dropout, new double[(int) queries.size()]).output;
        Shape rows = queries.getShape().slice(0, 3);
        return new NDList(array(queries, output), EngineArrays.of(queries.getManager(), new float[(int) rows.size()], rows, queries.getDataType()));
    }

    @Override
    public NDList backward(NDArray queries, NDArray keys, NDArray values, NDArray documents, AttentionLayout layout,
            AttentionDropout dropout, NDList forward, NDArray gradient) {
        ReferenceAttention computed = compute(queries, keys, values, documents, layout, dropout, doubles(gradient));
        return new NDList(array(queries, computed.queryGradient), array(keys, computed.keyGradient),
                array(values, computed.valueGradient));
    }

    private static ReferenceAttention compute(NDArray queries, NDArray keys, NDArray values, NDArray documents,
            AttentionLayout layout, AttentionDropout dropout, double[] gradient) {
        AttentionShape s = AttentionShape.of(queries, keys, values).with(documents, queries);
        return new ReferenceAttention(s.batch(), s.numHeads(), s.numKvHeads(), s.queryLength(), s.keyLength(), s.headDim(),
                doubles(queries), doubles(keys), doubles(values), gradient, layout.headMasks(s.numHeads(), s.keyLength()),
                documents == null ? null : documents.toLongArray(), RandomNumbers.factors(dropout));
    }

    private static double[] doubles(NDArray array) {
        float[] values = array.toFloatArray();
        return IntStream.range(0, values.length).mapToDouble(i -> values[i]).toArray();
    }

    private static NDArray array(NDArray like, double[] values) {
        float[] floats = new float[values.length];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = (float) values[i];
        }
        return EngineArrays.of(like.getManager(), floats, like.getShape(), like.getDataType());
    }
}
