package ai.spattention.train.config;

import ai.spattention.olmoe.keys.RecordKey;
import java.util.Optional;

/**
 * A key of a run's configuration, as the records state it.
 *
 * @param path the key with its section, such as {@code optimizer.peak_lr}
 * @param type the type of its values
 * @param meaning what the value is, for people
 * @param unit what it is counted or measured in; empty where there is none
 * @param defaultValue the value where none is given, as YAML has it; none where it follows others or has to be given
 * @param follows the key, or the formula of keys of the same section, from which the value comes where none is given; none if it does not
 *     depend on others
 * @param allowed what a value may be, a phrase that goes on from "must be"
 */
public record ConfigKey(String path, Class<?> type, String meaning, String unit, Optional<String> defaultValue, Optional<String> follows,
        String allowed) {

    static ConfigKey of(String path, RecordKey key) {
        String kind = ValueTypes.allowed(key.type());
        String allowed = key.allowed().isEmpty() ? kind
                : key.type() == int.class || key.type() == long.class ? kind + " " + key.allowed() : key.allowed();
        return new ConfigKey(path, key.type(), key.meaning(), key.unit(), key.defaultValue(), key.follows(), allowed);
    }

    /** The same key with another default. */
    ConfigKey by(Section.Default other) {
        return new ConfigKey(path, type, meaning, unit, Optional.of(other.value()).filter(value -> !value.isEmpty()),
                Optional.of(other.follows()).filter(key -> !key.isEmpty()), allowed);
    }

    /**
     * Whether a value has to be given.
     *
     * @return true if there is no default of any kind
     */
    public boolean isRequired() {
        return defaultValue.isEmpty() && follows.isEmpty();
    }
}
