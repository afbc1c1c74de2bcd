package ai.spattention.attention.engine;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.spattention.attention.AttentionShape;
import ai.spattention.attention.PlanCache;
import ai.spattention.attention.PlanMemory;
import ai.spattention.common.InvalidInputException;
import ai.spattention.pattern.LshSettings;
import ai.spattention.torch.EngineArrays;
import ai.spattention.torch.TorchScriptModule;
import java.util.Random;

/**
 * Attention by locality-sensitive hashing ({@link LshSettings}) by libtorch's operators, differentiable by its autograd. Hashes are taken
 * in float32; nothing depends on them but which pairs are computed. Time and memory grow with rounds · N · chunk length.
 */
public final class LshAttention {

    private static final PlanCache<Key, Rotations> ROTATIONS =
            new PlanCache<>(LshAttention::draw, rotations -> rotations.manager.close());

    private record Key(LshSettings settings, int buckets, int headDim, Device device) {}

    /** The random matrices of all rounds, [D, R · n / 2], float32; empty for a single bucket. */
    private record Rotations(NDManager manager, NDArray matrix) {}

    /** Loaded when first used. */
    private static final class Operators {
        static final TorchScriptModule MODULE = TorchScriptModule.load(LshAttention.class, "lsh.torchscript");
    }

    private LshAttention() {}

    /**
     * Computes attention.
     *
     * @param shared [B, H, N, D], what queries and keys share
     * @param values [B, H, N, D]
     * @param documents [B, N], int64: each position's document, any number at least 0; null for one document
     * @param settings rounds, chunk length and seed
     * @param layoutLength L, which decides how many buckets there are
     * @param dropout the probability with which an attention weight is dropped while training, in [0, 1)
     * @param training whether to apply dropout, and whether autograd may pass through the result
     * @return [B, H, N, D] in the values' type, attached to the shared vectors' manager
     * @throws InvalidInputException if the arrays do not fit together in shape, type or device
     */
    public static NDArray attend(NDArray shared, NDArray values, NDArray documents, LshSettings settings, int layoutLength, float dropout,
            boolean training) {
        AttentionShape shape = AttentionShape.of(shared, values, values).with(documents, shared);
        if (shape.numKvHeads() != shape.numHeads() || shape.queryLength() != shape.keyLength()) {
            throw new InvalidInputException("lsh attention takes shared queries and keys and values of one shape [B, H, N, D] (got "
                    + shared.getShape() + " and " + values.getShape() + ")");
        }
        Key key = new Key(settings, settings.buckets(layoutLength), shape.headDim(), shared.getDevice());
        return ROTATIONS.use(key, rotations -> {
            Object[] arguments = {shared, values, documents, rotations.matrix, settings.rounds(), settings.chunkLength(),
                    training ? dropout : 0};
            return (training ? Operators.MODULE.call("lsh", arguments) : Operators.MODULE.infer("lsh", arguments)).singletonOrThrow();
        });
    }

    private static Rotations draw(Key key) {
        return PlanMemory.with("lsh rotations", key.device, manager -> new Rotations(manager, matrix(manager, key)));
    }

    private static NDArray matrix(NDManager manager, Key key) {
        float[] numbers = matrix(key.settings, key.buckets, key.headDim);
        return EngineArrays.of(manager, numbers, new Shape(key.headDim, numbers.length / key.headDim), DataType.FLOAT32);
    }

    /** The matrices side by side, row by row. */
    static float[] matrix(LshSettings settings, int buckets, int headDim) {
        float[] numbers = new float[Math.multiplyExact(headDim, Math.multiplyExact(settings.rounds(), buckets / 2))];
        Random random = new Random(settings.seed());
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = (float) random.nextGaussian();
        }
        return numbers;
    }
}
