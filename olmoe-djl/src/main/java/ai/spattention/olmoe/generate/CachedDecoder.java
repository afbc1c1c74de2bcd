package ai.spattention.olmoe.generate;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import ai.spattention.olmoe.model.DecodingCache;
import ai.spattention.olmoe.model.OlmoeModel;
import ai.spattention.pattern.HeadMask;
import java.util.Arrays;
import java.util.List;

/**
 * Predicts the next token of a growing sequence, and reads each token once where the attention layout allows it: what was
 * kept of earlier tokens is of use only while the heads see by the same masks. With a fixed layout length, and with dense
 * attention, they always do; with the layout of the sequence at hand they change as it grows, and it is read anew.
 */
final class CachedDecoder implements AutoCloseable {

    private final OlmoeModel model;
    private final ParameterStore parameterStore;
    private final NDManager manager;
    private DecodingCache cache;
    private List<HeadMask> cachedMasks = List.of();

    CachedDecoder(OlmoeModel model, ParameterStore parameterStore, NDManager parent) {
        this.model = model;
        this.parameterStore = parameterStore;
        manager = parent.newSubManager();
        cache = newCache();
    }

    private DecodingCache newCache() {
        return DecodingCache.of(manager, model.getConfig().numHiddenLayers());
    }

    /**
     * Predicts.
     *
     * @param tokens holds the sequence so far, an extension of the one given before
     * @param length the number of tokens in it
     * @return the logits of the token after the last
     */
    float[] next(long[] tokens, int length) {
        List<HeadMask> masks = model.getLayers().get(0).getAttention().getLayout()
                .headMasks(model.getConfig().numAttentionHeads(), length);
        if (!masks.equals(cachedMasks)) {
            cache.close();
            cache = newCache();
            cachedMasks = masks;
        }
        try (NDManager scope = manager.newSubManager()) {
            long[] unread = Arrays.copyOfRange(tokens, cache.length(), length);
            NDArray logits = model.predictNext(parameterStore, scope.create(unread, new Shape(1, unread.length)), cache);
            return logits.toType(DataType.FLOAT32, false).toFloatArray();
        }
    }

    @Override
    public void close() {
        manager.close();
    }
}
