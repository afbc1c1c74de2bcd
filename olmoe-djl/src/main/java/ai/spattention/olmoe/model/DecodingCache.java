package ai.spattention.olmoe.model;

import ai.djl.ndarray.NDManager;
import ai.spattention.KeyValueCache;
import ai.spattention.pattern.LayoutLength;
import java.util.List;
import java.util.stream.IntStream;

/** What the layers of a model keep of the tokens that they have seen. Not safe for use by several threads at once. */
public final class DecodingCache implements AutoCloseable {

    private final List<KeyValueCache> layers;

    private DecodingCache(List<KeyValueCache> layers) {
        this.layers = layers;
    }

    /**
     * Creates an empty cache.
     *
     * @param parent the manager that owns the cache's memory if {@link #close} is not called earlier
     * @param numLayers the model's number of layers
     * @return the cache
     */
    public static DecodingCache of(NDManager parent, int numLayers) {
        return of(parent, numLayers, null);
    }

    /**
     * Creates an empty cache for sequences whose whole length is known before they are read: with the layout of the
     * sequence at hand, their first part is then computed as if the rest were there.
     *
     * @param parent the manager that owns the cache's memory if {@link #close} is not called earlier
     * @param numLayers the model's number of layers
     * @param layoutLength what takes the place of the model's layout length; null to leave it
     * @return the cache
     */
    public static DecodingCache of(NDManager parent, int numLayers, LayoutLength layoutLength) {
        return new DecodingCache(IntStream.range(0, numLayers)
                .mapToObj(layer -> new KeyValueCache(parent, layoutLength)).toList());
    }

    /**
     * A copy of some of the batch's sequences, any of them as often as wanted.
     *
     * @param parent the manager that owns the copy's memory
     * @param rows indices of sequences, each in [0, B)
     * @return a cache for a batch of as many sequences as there are rows
     */
    public DecodingCache rows(NDManager parent, long... rows) {
        return new DecodingCache(layers.stream().map(layer -> layer.rows(parent, rows)).toList());
    }

    /**
     * The number of positions kept.
     *
     * @return 0 for an empty cache
     */
    public int length() {
        return layers.get(0).length();
    }

    KeyValueCache layer(int index) {
        return layers.get(index);
    }

    @Override
    public void close() {
        layers.forEach(KeyValueCache::close);
    }
}
