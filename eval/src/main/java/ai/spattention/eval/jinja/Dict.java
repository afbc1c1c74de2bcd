package ai.spattention.eval.jinja;

import ai.spattention.common.InvalidInputException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A dict: keeps the order of its keys, and holds 1, 1.0 and True for the same key. */
final class Dict {

    /** A key and its value. The key is the first that was given. */
    record Entry(Object key, Object value) {}

    private static final Object NONE = new Object();

    private final Map<Object, Entry> entries = new LinkedHashMap<>();

    /** What equal keys have in common. */
    static Object hashable(Object value) {
        if (value == null) {
            return NONE;
        }
        if (value instanceof Boolean truth) {
            return truth ? BigInteger.ONE : BigInteger.ZERO;
        }
        if (value instanceof Double number && !number.isInfinite() && !number.isNaN() && number == Math.rint(number)) {
            return new BigDecimal(number).toBigIntegerExact();
        }
        if (value instanceof Markup markup) {
            return markup.text();
        }
        if (value instanceof Tuple tuple) {
            List<Object> keys = new ArrayList<>();
            tuple.items().forEach(item -> keys.add(hashable(item)));
            return keys;
        }
        if (value instanceof List || value instanceof Dict || value instanceof DictView) {
            throw new InvalidInputException("a " + Values.typeName(value) + " cannot be a key");
        }
        return Undefined.refuse(value) instanceof Undefined ? Undefined.class : value;
    }

    int size() {
        return entries.size();
    }

    boolean has(Object key) {
        return entries.containsKey(hashable(key));
    }

    /** The value of a key; null where there is none. */
    Entry find(Object key) {
        return entries.get(hashable(key));
    }

    void put(Object key, Object value) {
        Object hashable = hashable(key);
        Entry before = entries.get(hashable);
        entries.put(hashable, new Entry(before == null ? key : before.key(), value));
    }

    /** Takes a key out; null where there is none. */
    Entry remove(Object key) {
        return entries.remove(hashable(key));
    }

    void clear() {
        entries.clear();
    }

    Iterable<Entry> entries() {
        return entries.values();
    }

    Entry last() {
        Entry last = null;
        for (Iterator<Entry> all = entries.values().iterator(); all.hasNext();) {
            last = all.next();
        }
        return last;
    }

    Dict copy() {
        Dict copy = new Dict();
        copy.entries.putAll(entries);
        return copy;
    }
}
