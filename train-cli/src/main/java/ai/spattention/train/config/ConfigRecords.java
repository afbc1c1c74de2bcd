package ai.spattention.train.config;

import ai.spattention.olmoe.config.OlmoeConfig;
import ai.spattention.olmoe.keys.InvalidKeyException;
import ai.spattention.olmoe.keys.RecordKey;
import ai.spattention.olmoe.keys.RecordKeys;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.lang.reflect.RecordComponent;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;

/** Makes the records of a configuration from values by their keys, and takes them apart again. */
final class ConfigRecords {

    private ConfigRecords() {}

    /**
     * Makes the records.
     *
     * @param values a value of the right type for every key without a default of the record's own, by the key with its section
     * @throws InvalidKeyException if a value is out of range or contradicts another
     */
    static RunConfig read(Map<String, JsonNode> values) {
        Map<String, Object> components = new HashMap<>();
        // the data first: a sequence length that is refused must not be blamed on what follows it
        Stream.of(RunConfig.class.getRecordComponents())
                .sorted(Comparator.comparing(component -> component.getType() != DataConfig.class))
                .forEach(component -> components.put(component.getName(), read(component, values)));
        return RecordKeys.of(RunConfig.class).create(components);
    }

    private static Object read(RecordComponent component, Map<String, JsonNode> values) {
        if (!component.isAnnotationPresent(Section.class)) {
            RecordKey key = new RecordKey(component);
            return convert(values.get(key.name()), key.type());
        }
        return read(component.getType().asSubclass(Record.class), component.getName(), values);
    }

    private static <R extends Record> Object read(Class<R> type, String section, Map<String, JsonNode> values) {
        RecordKeys<R> keys = RecordKeys.of(type);
        Map<RecordKey, Object> found = new LinkedHashMap<>();
        for (RecordKey key : keys.keys()) {
            JsonNode value = values.get(section + "." + key.name());
            if (value != null) {
                found.put(key, convert(value, key.type()));
            }
        }
        if (type == OlmoeConfig.class) {
            return model(section, found);
        }
        Map<String, Object> components = new HashMap<>();
        found.forEach((key, value) -> components.put(key.component().getName(), value));
        return keys.create(components);
    }

    /** The model's record is also that of a file of its own, where its keys stand in no section. */
    private static OlmoeConfig model(String section, Map<RecordKey, Object> values) {
        OlmoeConfig.Builder builder = OlmoeConfig.builder();
        values.forEach(builder::set);
        try {
            return builder.build();
        } catch (InvalidKeyException e) {
            throw e.in(section);
        }
    }

    private static Object convert(JsonNode value, Class<?> type) {
        try {
            return value.isNull() ? null : ConfigMapper.mapper().treeToValue(value, type);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a checked value could not be read", e);
        }
    }

    /** A configuration's values in their sections, every key with its value. */
    static ObjectNode write(RunConfig config) {
        ObjectNode root = ConfigMapper.mapper().createObjectNode();
        for (RecordComponent component : RunConfig.class.getRecordComponents()) {
            if (component.isAnnotationPresent(Section.class)) {
                Record section = (Record) RecordKeys.value(component, config);
                for (RecordKey key : RecordKeys.of(section.getClass()).keys()) {
                    write(root, component.getName() + "." + key.name(), RecordKeys.value(key.component(), section));
                }
            } else {
                write(root, new RecordKey(component).name(), RecordKeys.value(component, config));
            }
        }
        return root;
    }

    private static void write(ObjectNode root, String path, Object value) {
        if (ConfigSchema.ofRunConfig().find(path).isPresent()) {
            int dot = path.indexOf('.');
            ObjectNode section = dot < 0 ? root : root.withObjectProperty(path.substring(0, dot));
            section.set(path.substring(dot + 1), ConfigMapper.mapper().valueToTree(value));
        }
    }
}
