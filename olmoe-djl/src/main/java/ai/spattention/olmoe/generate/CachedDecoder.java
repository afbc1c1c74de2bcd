package ai.spattention.olmoe.generate;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import ai.spattention.olmoe.model.DecodingCache;
import ai.spattention.olmoe.model.OlmoeModel;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Predicts the next tokens of growing sequences of one length, and reads each token once where the attention layout allows it: what was
 * kept of earlier tokens is of use only while the heads see by the same masks. With a fixed layout length, and with dense
 * attention, they always do; with the layout of the sequence at hand they change as it grows, and it is read anew. So it always is
 * where a layer's attention depends on the tokens.
 */
final class CachedDecoder implements AutoCloseable {

    private final OlmoeModel model;
    private final ParameterStore parameterStore;
    private final NDManager manager;
    private DecodingCache cache;
    private List<Object> cachedSight = List.of();

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
     * @param sequences each holds the sequence so far, an extension of the one given before
     * @param length the number of tokens of each that count
     * @return the logits of the token after the last, for each sequence
     */
    float[][] next(List<long[]> sequences, int length) {
        List<Object> sight = model.getConfig().sight(length);
        if (!sight.equals(cachedSight) || model.getConfig().dependsOnData()) {
            cache.close();
            cache = newCache();
            cachedSight = sight;
        }
        int unread = length - cache.length();
        long[] ids = new long[sequences.size() * unread];
        for (int row = 0; row < sequences.size(); row++) {
            System.arraycopy(sequences.get(row), cache.length(), ids, row * unread, unread);
        }
        try (NDManager scope = manager.newSubManager()) {
            NDArray logits = model.predictNext(parameterStore, scope.create(ids, new Shape(sequences.size(), unread)), cache);
            float[] values = logits.toType(DataType.FLOAT32, false).toFloatArray();
            int vocabSize = values.length / sequences.size();
            return IntStream.range(0, sequences.size())
                    .mapToObj(row -> Arrays.copyOfRange(values, row * vocabSize, (row + 1) * vocabSize)).toArray(float[][]::new);
        }
    }

    /**
     * Forgets the other sequences.
     *
     * @param rows indices of the sequences that go on
     */
    void keep(long... rows) {
        DecodingCache kept = cache.rows(manager, rows);
        cache.close();
        cache = kept;
    }

    @Override
    public void close() {
        manager.close();
    }
}
