package ai.spattention;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.spattention.common.InvalidInputException;
import ai.spattention.torch.EngineArrays;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Rotary position embedding (arXiv 2104.09864) on the two halves of a head: the pair (x[i], x[i + D/2]) at position p is
 * turned by the angle p · theta^(-2i/D). Angles are computed in float32, as Hugging Face computes them, so that long
 * sequences agree with models trained there.
 */
public final class RotaryEmbedding {

    private final int headDim;
    private final double theta;
    private final float[] inverseFrequencies;
    /** A table for positions [0, length) on each device, replaced when a longer sequence comes. */
    private final Map<Device, Table> tables = new ConcurrentHashMap<>();

    /** Cosine and sine of each position's angles, [length, D/2], in float32. */
    private record Table(int length, NDArray cos, NDArray sin) {}

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
        this.theta = theta;
        inverseFrequencies = new float[headDim / 2];
        for (int i = 0; i < inverseFrequencies.length; i++) {
            inverseFrequencies[i] = 1f / (float) Math.pow(theta, 2 * i / (float) headDim);
        }
    }

    /**
     * The size of what is turned.
     *
     * @return D
     */
    public int headDim() {
        return headDim;
    }

    /**
     * The base of the frequencies.
     *
     * @return theta
     */
    public double theta() {
        return theta;
    }

    /**
     * Turns queries or keys.
     *
     * @param x [..., N, D]
     * @param firstPosition the position of the first of the N rows
     * @return [..., N, D] in x's type, attached to x's manager
     */
    public NDArray apply(NDArray x, int firstPosition) {
        Shape shape = x.getShape();
        int length = (int) shape.get(shape.dimension() - 2);
        NDList angles = table(x.getDevice(), firstPosition + length);
        return BlockOperators.rotate(x, angles.get(0), angles.get(1), firstPosition);
    }

    /**
     * Cosine and sine of the positions' angles.
     *
     * @param device where they are wanted
     * @param positions how many at least
     * @return [positions, D/2] each, float32; they stay the embedding's
     */
    public NDList table(Device device, int positions) {
        Table angles = tables.compute(device, (where, table) ->
                table != null && table.length >= positions ? table : compute(where, table, positions));
        return new NDList(angles.cos, angles.sin);
    }

    /** Tables at least double and are never closed (another thread may be reading): all of them take twice the last one's memory. */
    private Table compute(Device device, Table before, int atLeast) {
        int length = before == null ? atLeast : Math.max(atLeast, 2 * before.length);
        int half = headDim / 2;
        float[] cos = new float[length * half];
        float[] sin = new float[length * half];
        for (int position = 0; position < length; position++) {
            for (int i = 0; i < half; i++) {
                float angle = position * inverseFrequencies[i];
                cos[position * half + i] = (float) Math.cos(angle);
                sin[position * half + i] = (float) Math.sin(angle);
            }
        }
        NDManager owner = NDManager.newBaseManager(device, "PyTorch");
        owner.setName("rotary embedding");
        Shape shape = new Shape(length, half);
        return new Table(length, EngineArrays.of(owner, cos, shape, DataType.FLOAT32),
                EngineArrays.of(owner, sin, shape, DataType.FLOAT32));
    }
}
