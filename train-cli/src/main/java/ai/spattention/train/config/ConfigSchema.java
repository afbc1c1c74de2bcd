package ai.spattention.train.config;

import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.config.Hints;
import ai.spattention.olmoe.config.LayerPatterns;
import ai.spattention.pattern.LayoutLength;
import ai.spattention.pattern.Patterns;
import ai.spattention.pattern.StandardPattern;
import com.fasterxml.jackson.core.JsonProcessingException;
import java.lang.reflect.RecordComponent;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The keys that a configuration has and the types of their values, read off the records, and lengths in tokens besides. */
final class ConfigSchema {

    private static final Set<Class<?>> WHOLE = Set.of(LayerPatterns.class, TextList.class, ValidationFolders.class);

    private final Map<String, Class<?>> keys = new LinkedHashMap<>();
    private final Set<String> sections = new LinkedHashSet<>();

    private ConfigSchema() {}

    /** The schema of {@link RunConfig}. */
    static ConfigSchema ofRunConfig() {
        ConfigSchema schema = new ConfigSchema();
        schema.add("", RunConfig.class);
        TokenLengths.keys().forEach(key -> schema.keys.put(key, long.class));
        return schema;
    }

    private void add(String prefix, Class<?> section) {
        for (RecordComponent component : section.getRecordComponents()) {
            String path = prefix + KeyNames.INSTANCE.translate(component.getName());
            if (Section.class.isAssignableFrom(component.getType())) {
                sections.add(path);
                add(path + ".", component.getType());
            } else {
                keys.put(path, component.getType());
            }
        }
    }

    /** The keys that a whole configuration has, with their sections, separated by dots, in the records' order. */
    List<String> required() {
        return keys.keySet().stream().filter(key -> !TokenLengths.keys().contains(key)).toList();
    }

    /** Whether a key has a list or names with values as its value, which is read whole. */
    boolean isWhole(String path) {
        return keys.containsKey(path) && WHOLE.contains(keys.get(path));
    }

    /** Whether a path is that of a section. */
    boolean isSection(String path) {
        return sections.contains(path);
    }

    /** What a key's value must be. */
    String allowed(String path) {
        Class<?> type = keys.get(path);
        if (type == int.class || type == long.class) {
            return "a whole number";
        } else if (type == double.class) {
            return "a number";
        } else if (type == Double.class) {
            return "a number, or null";
        } else if (type == boolean.class) {
            return "true or false";
        } else if (type == LayerPatterns.class) {
            return "one of " + StandardPattern.names() + ", " + Patterns.namesWithSettings()
                    + ", a pattern of your class path, or a list of such that repeats over the layers";
        } else if (type == LayoutLength.class) {
            return "a whole number of at least 1, or sequence";
        } else if (type == TextList.class) {
            return "a list of texts, such as [a, b]";
        } else if (type == ValidationFolders.class) {
            return "a folder, a list of folders, or names with folders below it";
        } else if (type.isEnum()) {
            return "one of " + Arrays.stream(type.getEnumConstants()).map(ConfigMapper::nameOf)
                    .collect(Collectors.joining(", "));
        }
        return "text";
    }

    /**
     * Refuses a setting whose key does not exist or whose value has the wrong type.
     *
     * @throws InvalidInputException if so
     */
    void check(Setting setting) {
        String path = setting.path();
        if (sections.contains(path)) {
            if (!setting.value().isObject()) {
                throw setting.refused(path + " is a section, with keys of its own below it (got " + setting.got() + ")");
            }
            return;
        }
        Class<?> type = keys.get(path);
        if (type == null) {
            throw setting.refused("unknown key '" + Setting.shown(path) + "': " + hint(path));
        }
        try {
            if (setting.value().isNull() && type != Double.class) {
                throw wrongType(setting);
            }
            ConfigMapper.mapper().treeToValue(setting.value(), type);
        } catch (JsonProcessingException e) {
            if (e.getCause() instanceof InvalidInputException refusal) {
                throw setting.refused(refusal.getMessage());
            }
            throw wrongType(setting);
        }
    }

    private InvalidInputException wrongType(Setting setting) {
        Class<?> type = keys.get(setting.path());
        String message = setting.path() + " must be " + allowed(setting.path()) + " (got " + setting.got() + ")";
        if (type == String.class && !setting.value().isContainerNode()) {
            return setting.refused(message + ": put it in quotes");
        }
        if ((type == int.class || type == long.class) && setting.value().isBigInteger()) {
            return setting.refused(message + ": that is too large");
        }
        return setting.refused(message);
    }

    private String hint(String path) {
        int dot = path.lastIndexOf('.');
        String section = dot < 0 ? "" : path.substring(0, dot);
        String last = path.substring(dot + 1);
        if (keys.containsKey(section)) {
            return section + " is a value, without keys below it";
        }
        List<String> siblings = below(section);
        var near = Hints.nearest(last, siblings);
        if (near.isPresent()) {
            return "did you mean " + (dot < 0 ? "" : section + ".") + near.get() + "?";
        }
        String elsewhere = keys.keySet().stream().filter(key -> key.endsWith("." + last))
                .collect(Collectors.joining(" or "));
        if (!elsewhere.isEmpty()) {
            return "did you mean " + elsewhere + "?";
        }
        return siblings.isEmpty() ? "the sections are " + String.join(", ", sections)
                : (section.isEmpty() ? "the keys are " : "the keys of " + section + " are ") + String.join(", ", siblings);
    }

    /** The names of a section's keys and sections. */
    private List<String> below(String section) {
        String prefix = section.isEmpty() ? "" : section + ".";
        return Stream.concat(keys.keySet().stream(), sections.stream())
                .filter(path -> path.startsWith(prefix) && path.indexOf('.', prefix.length()) < 0)
                .map(path -> path.substring(prefix.length()))
                .toList();
    }
}
