package ai.spattention.train.study.config;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A model that a study compares, as its configuration has it.
 *
 * @param name its name, also a folder's
 * @param description what it is, for people; may be empty
 * @param settings what it overrides of the base configuration, each value as text by its key
 */
public record ArmConfig(String name, String description, Map<String, String> settings) {

    /** Copies the settings in their order. */
    public ArmConfig {
        settings = Collections.unmodifiableMap(new LinkedHashMap<>(settings));
    }
}
