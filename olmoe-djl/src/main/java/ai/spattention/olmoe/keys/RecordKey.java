package ai.spattention.olmoe.keys;

import java.lang.reflect.RecordComponent;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/** A key of configurations, as a record's component states it by {@link Key} and {@link Range}. */
public final class RecordKey {

    private static final Set<Class<?>> WHOLE = Set.of(int.class, Integer.class, long.class, Long.class);

    private final RecordComponent component;
    private final Key key;
    private final Range range;

    /**
     * Reads a component.
     *
     * @param component a component with a {@link Key}
     */
    public RecordKey(RecordComponent component) {
        this.component = component;
        key = component.getAnnotation(Key.class);
        range = component.getAnnotation(Range.class);
    }

    /**
     * The key.
     *
     * @return its name in a file
     */
    public String name() {
        return key.name().isEmpty() ? component.getName().replaceAll("([A-Z])", "_$1").toLowerCase(Locale.ROOT) : key.name();
    }

    /**
     * The component.
     *
     * @return the component that holds the value
     */
    public RecordComponent component() {
        return component;
    }

    /**
     * The type of the values.
     *
     * @return the component's type
     */
    public Class<?> type() {
        return component.getType();
    }

    /**
     * What the value is.
     *
     * @return a phrase for people
     */
    public String meaning() {
        return key.meaning();
    }

    /**
     * What the value is counted or measured in.
     *
     * @return the unit; empty where there is none
     */
    public String unit() {
        return key.unit();
    }

    /**
     * The value where none is given.
     *
     * @return the value as YAML has it; none where it follows others or is required
     */
    public Optional<String> defaultValue() {
        return Optional.of(key.defaultValue()).filter(value -> !value.isEmpty());
    }

    /**
     * What the value is computed from where none is given.
     *
     * @return a key or a formula; none where it does not depend on others
     */
    public Optional<String> follows() {
        return Optional.of(key.follows()).filter(keys -> !keys.isEmpty());
    }

    /**
     * Whether a value has to be given.
     *
     * @return true if there is no default of any kind
     */
    public boolean isRequired() {
        return key.defaultValue().isEmpty() && key.follows().isEmpty();
    }

    /**
     * What the component says of the values that are allowed, beyond their type.
     *
     * @return a phrase such as "at least 1"; empty where the type says all. Whether there may be no value, the type says
     */
    public String allowed() {
        return !key.allowed().isEmpty() ? key.allowed() : range == null ? "" : isInterval() ? interval() : bound();
    }

    private boolean isInterval() {
        return range.max() < Double.POSITIVE_INFINITY;
    }

    private String interval() {
        return "in " + (range.minExcluded() ? "(" : "[") + text(range.min()) + ", " + text(range.max()) + (range.maxExcluded() ? ")" : "]");
    }

    private String bound() {
        String words = range.minExcluded() && range.min() == 0 ? "positive" : (range.minExcluded() ? "above " : "at least ") + text(range.min());
        return WHOLE.contains(type()) ? words : words + " and finite";
    }

    private static String text(double bound) {
        return bound == Math.rint(bound) && Math.abs(bound) < 1e15 ? Long.toString((long) bound) : Double.toString(bound);
    }

    /**
     * Refuses a number outside of the component's range.
     *
     * @param section what stands before the key in messages; empty for nothing
     * @param value the value; null is in every range
     * @throws InvalidKeyException if it is outside
     */
    void check(String section, Object value) {
        if (range == null || value == null) {
            return;
        }
        double number = ((Number) value).doubleValue();
        boolean above = range.minExcluded() ? number > range.min() : number >= range.min();
        boolean below = range.maxExcluded() || !isInterval() ? number < range.max() : number <= range.max();
        if (!(above && below)) { // so that no number is refused, too
            String path = section.isEmpty() ? name() : section + "." + name();
            String rule = isInterval() ? "must lie " + interval() : "must be " + bound() + (type().isPrimitive() ? "" : ", or absent");
            throw new InvalidKeyException("{" + path + "} " + rule + " (got " + value + ")", path);
        }
    }
}
