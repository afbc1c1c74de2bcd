package ai.spattention.olmoe.keys;

import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.RecordComponent;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The keys of a record: read off its components, which state them by {@link Key} and {@link Range}.
 *
 * @param <R> the record's type
 */
public final class RecordKeys<R extends Record> {

    private final Class<R> type;
    private final RecordComponent[] components;
    private final List<RecordKey> keys;

    private RecordKeys(Class<R> type) {
        this.type = type;
        components = type.getRecordComponents();
        keys = Arrays.stream(components).filter(component -> component.isAnnotationPresent(Key.class)).map(RecordKey::new).toList();
    }

    /**
     * The keys of a record's type.
     *
     * @param type the type
     * @param <R> the type
     * @return its keys
     */
    public static <R extends Record> RecordKeys<R> of(Class<R> type) {
        return new RecordKeys<>(type);
    }

    /**
     * The keys.
     *
     * @return the keys of those components that have one, in the record's order
     */
    public List<RecordKey> keys() {
        return keys;
    }

    /**
     * Checks numbers against the ranges of their keys; called by the record's constructor, which has no record yet.
     *
     * @param section what stands before the keys in messages; empty for nothing
     * @param values the values of all keys, in the record's order
     * @throws InvalidKeyException if one lies outside of its range
     */
    public void check(String section, Object... values) {
        if (values.length != keys.size()) {
            throw new IllegalStateException(type.getSimpleName() + " has " + keys.size() + " keys, but its constructor checks " + values.length
                    + ": name every component there, in order");
        }
        for (int i = 0; i < values.length; i++) {
            keys.get(i).check(section, values[i]);
        }
    }

    /**
     * Makes a record.
     *
     * @param values the values of all components, by the components' names
     * @return the record
     */
    public R create(Map<String, Object> values) {
        Class<?>[] types = Arrays.stream(components).map(RecordComponent::getType).toArray(Class<?>[]::new);
        Object[] arguments = Arrays.stream(components).map(component -> values.get(component.getName())).toArray();
        try {
            Constructor<R> constructor = type.getDeclaredConstructor(types);
            constructor.setAccessible(true);
            return constructor.newInstance(arguments);
        } catch (InvocationTargetException e) {
            if (e.getCause() instanceof RuntimeException refusal) {
                throw refusal;
            }
            throw new IllegalStateException(type + " could not be made", e);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(type + " could not be made", e);
        }
    }

    /**
     * Takes a record apart.
     *
     * @param entry the record
     * @return the values of all components, by the components' names, in their order
     */
    public Map<String, Object> values(R entry) {
        Map<String, Object> values = new LinkedHashMap<>();
        for (RecordComponent component : components) {
            values.put(component.getName(), value(component, entry));
        }
        return values;
    }

    /**
     * A component's value.
     *
     * @param component the component
     * @param entry the record
     * @return its value there
     */
    public static Object value(RecordComponent component, Record entry) {
        try {
            component.getAccessor().setAccessible(true);
            return component.getAccessor().invoke(entry);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(component + " could not be read", e);
        }
    }
}
