package ai.spattention.train.config;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.StreamSupport;

/** Writes a configuration as YAML, every key with its value, so that it reads back as the same configuration. */
public final class RunConfigWriter {

    private RunConfigWriter() {}

    /**
     * Writes a configuration.
     *
     * @param config the configuration
     * @return the YAML text, which {@link RunConfigLoader} reads
     */
    public static String toYaml(RunConfig config) {
        try {
            return ConfigMapper.mapper().writeValueAsString(ConfigRecords.write(config));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a configuration could not be written as YAML", e);
        }
    }

    /**
     * A configuration value by value.
     *
     * @param config the configuration
     * @return each value as text, by its key with its sections, separated by dots; {@code null} where there is none
     */
    public static Map<String, String> settings(RunConfig config) {
        Map<String, String> settings = new TreeMap<>();
        addSettings("", ConfigRecords.write(config), settings);
        return settings;
    }

    private static String text(JsonNode value) {
        return value.isArray() ? new TextList(StreamSupport.stream(value.spliterator(), false).map(JsonNode::asText).toList()).asOverride()
                : value.asText();
    }

    private static void addSettings(String prefix, JsonNode section, Map<String, String> settings) {
        section.properties().forEach(entry -> {
            if (entry.getValue().isObject()) {
                addSettings(prefix + entry.getKey() + ".", entry.getValue(), settings);
            } else {
                settings.put(prefix + entry.getKey(), text(entry.getValue()));
            }
        });
    }
}
