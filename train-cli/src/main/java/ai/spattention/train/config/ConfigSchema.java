package ai.spattention.train.config;

import ai.spattention.InvalidInputException;
import ai.spattention.olmoe.config.Hints;
import ai.spattention.olmoe.keys.RecordKey;
import ai.spattention.olmoe.keys.RecordKeys;
import com.fasterxml.jackson.core.JsonProcessingException;
import java.lang.reflect.RecordComponent;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The keys that a run's configuration has, read off the records that hold their values, and lengths in tokens besides. */
public final class ConfigSchema {

    private static final ConfigSchema OF_RUN_CONFIG = new ConfigSchema();

    private final Map<String, ConfigKey> keys = new LinkedHashMap<>();
    private final Map<String, String> sections = new LinkedHashMap<>();

    private ConfigSchema() {
        for (RecordComponent component : RunConfig.class.getRecordComponents()) {
            Section section = component.getAnnotation(Section.class);
            if (section == null) {
                put(new RecordKey(component), "", null);
            } else {
                sections.put(component.getName(), section.meaning());
                RecordKeys.of(component.getType().asSubclass(Record.class)).keys().forEach(key -> put(key, component.getName() + ".", section));
            }
        }
        TokenLengths.keys().forEach(key -> keys.put(key.path(), key));
    }

    private void put(RecordKey key, String prefix, Section section) {
        String path = prefix + key.name();
        if (section == null) {
            keys.put(path, ConfigKey.of(prefix, key));
        } else if (!List.of(section.without()).contains(key.name())) {
            keys.put(path, Arrays.stream(section.defaults()).filter(other -> other.key().equals(key.name())).findFirst()
                    .map(other -> ConfigKey.of(prefix, key).by(other)).orElse(ConfigKey.of(prefix, key)));
        }
    }

    /**
     * The schema of {@link RunConfig}.
     *
     * @return the schema
     */
    public static ConfigSchema ofRunConfig() {
        return OF_RUN_CONFIG;
    }

    /**
     * The sections.
     *
     * @return what each is about, by its key, in the records' order
     */
    public Map<String, String> sections() {
        return Collections.unmodifiableMap(sections);
    }

    /**
     * The keys that stand in no section.
     *
     * @return the keys, in the record's order
     */
    public List<ConfigKey> topKeys() {
        return keysOf("");
    }

    /**
     * The keys of a section.
     *
     * @param section the section's key
     * @return the keys, in the record's order, those in tokens last; none if there is no such section
     */
    public List<ConfigKey> keysOf(String section) {
        return keys.values().stream().filter(key -> sectionOf(key.path()).equals(section)).toList();
    }

    /**
     * All keys.
     *
     * @return the keys, in the records' order, those in tokens last
     */
    public Collection<ConfigKey> keys() {
        return Collections.unmodifiableCollection(keys.values());
    }

    /**
     * A key.
     *
     * @param path the key with its section
     * @return the key; none if it is unknown
     */
    public Optional<ConfigKey> find(String path) {
        return Optional.ofNullable(keys.get(path));
    }

    private static String sectionOf(String path) {
        return path.substring(0, Math.max(0, path.lastIndexOf('.')));
    }

    /** The keys that a whole configuration has, with their sections, separated by dots, in the records' order. */
    List<ConfigKey> required() {
        return keys.values().stream().filter(ConfigKey::isRequired).toList();
    }

    /** Whether a key has a list or names with values as its value, which is read whole. */
    boolean isWhole(String path) {
        return keys.containsKey(path) && ValueTypes.isWhole(keys.get(path).type());
    }

    /** Whether a path is that of a section. */
    boolean isSection(String path) {
        return sections.containsKey(path);
    }

    /**
     * Refuses a setting whose key does not exist or whose value has the wrong type.
     *
     * @throws InvalidInputException if so
     */
    void check(Setting setting) {
        String path = setting.path();
        if (sections.containsKey(path)) {
            if (!setting.value().isObject()) {
                throw setting.refused(path + " is a section, with keys of its own below it (got " + setting.got() + ")");
            }
            return;
        }
        ConfigKey key = keys.get(path);
        if (key == null) {
            throw setting.refused("unknown key '" + Setting.shown(path) + "': " + hint(path));
        }
        try {
            if (setting.value().isNull() && !ValueTypes.isOptional(key.type())) {
                throw wrongType(setting);
            }
            ConfigMapper.mapper().treeToValue(setting.value(), key.type());
        } catch (JsonProcessingException e) {
            if (e.getCause() instanceof InvalidInputException refusal) {
                throw setting.refused(refusal.getMessage());
            }
            throw wrongType(setting);
        }
    }

    private InvalidInputException wrongType(Setting setting) {
        Class<?> type = keys.get(setting.path()).type();
        String message = setting.path() + " must be " + ValueTypes.allowed(type) + " (got " + setting.got() + ")";
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
        return siblings.isEmpty() ? "the sections are " + String.join(", ", sections.keySet())
                : (section.isEmpty() ? "the keys are " : "the keys of " + section + " are ") + String.join(", ", siblings);
    }

    /** The names of a section's keys and sections. */
    private List<String> below(String section) {
        String prefix = section.isEmpty() ? "" : section + ".";
        return Stream.concat(keys.keySet().stream(), sections.keySet().stream())
                .filter(path -> path.startsWith(prefix) && path.indexOf('.', prefix.length()) < 0)
                .map(path -> path.substring(prefix.length()))
                .toList();
    }
}
