package ai.spattention.train.config;

import ai.spattention.olmoe.keys.RecordKey;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * A key of a run's configuration, as the records state it.
 *
 * @param path the key with its section, such as {@code optimizer.peak_lr}
 * @param type the type of its values
 * @param meaning what the value is, for people
 * @param unit what it is counted or measured in; empty where there is none
 * @param defaultValue the value where none is given, as YAML has it; none where it follows others or has to be given
 * @param follows the key, or the formula of keys, from which the value comes where none is given, with their sections; none if it does not
 *     depend on others
 * @param standsFor the key in whose place this one may be given, in another unit; none as a rule
 * @param allowed what a value may be, its type and its range: a phrase that goes on from "must be"
 */
public record ConfigKey(String path, Class<?> type, String meaning, String unit, Optional<String> defaultValue, Optional<String> follows,
        Optional<String> standsFor, String allowed) {

    private static final Pattern KEY = Pattern.compile("[a-z_]+");

    /** A key of a record, with its section and a dot, or nothing, before it. */
    static ConfigKey of(String prefix, RecordKey key) {
        return new ConfigKey(prefix + key.name(), key.type(), key.meaning(), key.unit(), key.defaultValue(),
                key.follows().map(keys -> KEY.matcher(keys).replaceAll(prefix + "$0")), Optional.empty(), allowed(key));
    }

    private static String allowed(RecordKey key) {
        String range = key.allowed();
        return range.isEmpty() ? ValueTypes.allowed(key.type())
                : ValueTypes.isNumber(key.type()) ? ValueTypes.number(key.type()) + ", " + range + ValueTypes.orNull(key.type()) : range;
    }

    /** The same key with another default. */
    ConfigKey by(Section.Default other) {
        return new ConfigKey(path, type, meaning, unit, Optional.of(other.value()).filter(value -> !value.isEmpty()),
                Optional.of(other.follows()).filter(key -> !key.isEmpty()), standsFor, allowed);
    }

    /**
     * Whether a value has to be given.
     *
     * @return true if there is no default of any kind
     */
    public boolean isRequired() {
        return defaultValue.isEmpty() && follows.isEmpty() && standsFor.isEmpty();
    }
}
