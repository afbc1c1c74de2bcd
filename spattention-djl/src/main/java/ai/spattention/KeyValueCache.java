package ai.spattention;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import ai.spattention.attention.AttentionLayout;
import ai.spattention.common.InvalidInputException;
import ai.spattention.pattern.LayoutLength;

/**
 * The keys and values that one attention block has seen, kept for decoding token by token. Not safe for use by several
 * threads at once.
 */
public final class KeyValueCache implements AutoCloseable {

    private final NDManager manager;
    private final LayoutLength layoutLength;
    private NDArray keys;
    private NDArray values;

    /**
     * Creates an empty cache.
     *
     * @param parent the manager that owns the cache's memory if {@link #close} is not called earlier
     */
    public KeyValueCache(NDManager parent) {
        this(parent, null);
    }

    /**
     * Creates an empty cache for a sequence whose whole length is known before it is read, so that a block with the layout
     * of the sequence at hand sees its first part as it would with the rest there.
     *
     * @param parent the manager that owns the cache's memory if {@link #close} is not called earlier
     * @param layoutLength what takes the place of the block's own layout length; null to leave it
     */
    public KeyValueCache(NDManager parent, LayoutLength layoutLength) {
        manager = parent.newSubManager();
        this.layoutLength = layoutLength;
    }

    /** The layout by which the block is to attend while it uses this cache. */
    AttentionLayout layout(AttentionLayout own) {
        return layoutLength == null ? own : new AttentionLayout(own.pattern(), layoutLength);
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
        if (keys != null && !sameButForLength(keys.getShape(), newKeys.getShape())) {
            throw new InvalidInputException("the cache holds keys " + keys.getShape() + " [batch, heads, positions, head dimension]:"
                    + " what follows must be of the same batch, heads and head dimension (got " + newKeys.getShape() + ")");
        }
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

    private static boolean sameButForLength(Shape kept, Shape next) {
        return kept.get(0) == next.get(0) && kept.get(1) == next.get(1) && kept.get(3) == next.get(3);
    }

    /**
     * A copy that can go its own way, for continuations that share their beginning.
     *
     * @param parent the manager that owns the copy's memory
     * @return a cache with the same content
     */
    public KeyValueCache copy(NDManager parent) {
        KeyValueCache copy = new KeyValueCache(parent, layoutLength);
        if (keys != null) {
            copy.append(keys, values);
        }
        return copy;
    }

    /**
     * A copy of some of the batch's sequences, any of them as often as wanted.
     *
     * @param parent the manager that owns the copy's memory
     * @param rows indices of sequences, each in [0, B)
     * @return a cache for a batch of as many sequences as there are rows
     */
    public KeyValueCache rows(NDManager parent, long... rows) {
        KeyValueCache copy = new KeyValueCache(parent, layoutLength);
        if (keys != null) {
            try (NDManager scope = parent.newSubManager()) {
                NDIndex index = new NDIndex("{}", scope.create(rows));
                copy.keys = keys.get(index);
                copy.values = values.get(index);
                copy.keys.attach(copy.manager);
                copy.values.attach(copy.manager);
            }
        }
        return copy;
    }

    @Override
    public void close() {
        manager.close();
    }
}
