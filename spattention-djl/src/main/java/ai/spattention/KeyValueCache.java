package ai.spattention;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;

/**
 * The keys and values that one attention block has seen, kept for decoding token by token. Not safe for use by several
 * threads at once.
 */
public final class KeyValueCache implements AutoCloseable {

    private final NDManager manager;
    private NDArray keys;
    private NDArray values;

    /**
     * Creates an empty cache.
     *
     * @param parent the manager that owns the cache's memory if {@link #close} is not called earlier
     */
    public KeyValueCache(NDManager parent) {
        manager = parent.newSubManager();
    }

    /**
     * The number of positions kept.
     *
     * @return 0 for an empty cache
     */
    public int length() {
        return keys == null ? 0 : (int) keys.getShape().get(2);
    }

    /**
     * Appends positions and gives the whole past.
     *
     * @param newKeys [B, G, N, D]
     * @param newValues [B, G, N, D]
     * @return the keys and the values of all positions, [B, G, length, D] each, owned by the cache
     */
    NDList append(NDArray newKeys, NDArray newValues) {
        NDArray allKeys = keys == null ? newKeys.duplicate() : keys.concat(newKeys, 2);
        NDArray allValues = values == null ? newValues.duplicate() : values.concat(newValues, 2);
        allKeys.attach(manager);
        allValues.attach(manager);
        if (keys != null) {
            keys.close();
            values.close();
        }
        keys = allKeys;
        values = allValues;
        return new NDList(keys, values);
    }

    /**
     * A copy that can go its own way, for continuations that share their beginning.
     *
     * @param parent the manager that owns the copy's memory
     * @return a cache with the same content
     */
    public KeyValueCache copy(NDManager parent) {
        KeyValueCache copy = new KeyValueCache(parent);
        if (keys != null) {
            copy.append(keys, values);
        }
        return copy;
    }

    @Override
    public void close() {
        manager.close();
    }
}
