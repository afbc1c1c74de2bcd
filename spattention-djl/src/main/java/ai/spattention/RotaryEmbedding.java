package ai.spattention;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.spattention.torch.EngineArrays;
import java.util.Arrays;

/**
 * Rotary position embedding (arXiv 2104.09864) on the two halves of a head: the pair (x[i], x[i + D/2]) at position p is
 * turned by the angle p · theta^(-2i/D). Angles are computed in float32, as Hugging Face computes them, so that long
 * sequences agree with models trained there.
 */
public final class RotaryEmbedding {

    private final int headDim;
    private final float[] inverseFrequencies;
    /** The table for positions [0, length): grown when a longer sequence comes; replaced as a whole, so threads may share it. */
    private volatile Table table = new Table(0, new float[0], new float[0]);

    private record Table(int length, float[] cos, float[] sin) {}

    /**
     * Creates the embedding.
     *
     * @param headDim D, even
     * @param theta the base of the frequencies, for example 10,000
     */
    public RotaryEmbedding(int headDim, double theta) {
        if (headDim < 2 || headDim % 2 != 0) {
            throw new InvalidInputException("rotary embedding needs an even head dimension (got " + headDim + ")");
        }
        if (!(theta > 0)) {
            throw new InvalidInputException("the rotary embedding's theta must be positive (got " + theta + ")");
        }
        this.headDim = headDim;
        inverseFrequencies = new float[headDim / 2];
        for (int i = 0; i < inverseFrequencies.length; i++) {
            inverseFrequencies[i] = 1f / (float) Math.pow(theta, 2 * i / (float) headDim);
        }
    }

    /**
     * Turns queries or keys.
     *
     * @param x [..., N, D]
     * @param firstPosition the position of the first of the N rows
     * @return [..., N, D]
     */
    public NDArray apply(NDArray x, int firstPosition) {
        int last = x.getShape().dimension() - 1;
        int length = (int) x.getShape().get(last - 1);
        NDManager manager = x.getManager();
        Table angles = upTo(firstPosition + length);
        NDArray cos = rows(manager, angles.cos, firstPosition, length, x.getDataType());
        NDArray sin = rows(manager, angles.sin, firstPosition, length, x.getDataType());
        NDList halves = x.split(2, last);
        NDArray turned = halves.get(1).neg().concat(halves.get(0), last);
        return x.mul(cos).add(turned.mul(sin));
    }

    private NDArray rows(NDManager manager, float[] values, int first, int length, DataType type) {
        float[] slice = Arrays.copyOfRange(values, first * headDim, (first + length) * headDim);
        return EngineArrays.of(manager, slice, new Shape(length, headDim), type);
    }

    private Table upTo(int length) {
        Table current = table;
        if (current.length < length) {
            current = compute(Math.max(length, 2 * current.length));
            table = current;
        }
        return current;
    }

    private Table compute(int length) {
        float[] cos = new float[length * headDim];
        float[] sin = new float[length * headDim];
        int half = headDim / 2;
        for (int position = 0; position < length; position++) {
            for (int i = 0; i < half; i++) {
                float angle = position * inverseFrequencies[i];
                int at = position * headDim + i;
                cos[at] = cos[at + half] = (float) Math.cos(angle);
                sin[at] = sin[at + half] = (float) Math.sin(angle);
            }
        }
        return new Table(length, cos, sin);
    }
}
