package ai.spattention.train.info;

import ai.spattention.train.config.ConfigKey;
import ai.spattention.train.config.ConfigSchema;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Every key of a run's configuration with its meaning, unit, default and range, as the records state them. */
public final class ConfigReference {

    /** A part of the configuration; the name is empty for the keys that stand in no section. */
    private record Part(String name, String meaning, List<ConfigKey> keys) {}

    private final List<Part> parts;

    private ConfigReference(List<Part> parts) {
        this.parts = parts;
    }

    /**
     * All keys.
     *
     * @return the keys, in the records' order
     */
    public static ConfigReference ofRun() {
        ConfigSchema schema = ConfigSchema.ofRunConfig();
        List<Part> parts = new ArrayList<>();
        parts.add(new Part("", "the run", schema.topKeys()));
        for (Map.Entry<String, String> section : schema.sections().entrySet()) {
            parts.add(new Part(section.getKey(), section.getValue(), schema.keysOf(section.getKey())));
        }
        return new ConfigReference(parts);
    }

    /**
     * The keys of one section, or one key.
     *
     * @param name a section, or a key with its section, such as {@code optimizer.peak_lr}
     * @return what there is of that name, perhaps nothing
     */
    public ConfigReference of(String name) {
        return new ConfigReference(parts.stream().map(part -> part.name.equals(name) ? part
                : new Part(part.name, part.meaning, part.keys.stream().filter(key -> key.path().equals(name)).toList()))
                .filter(part -> !part.keys.isEmpty()).toList());
    }

    /**
     * Whether there is no key.
     *
     * @return true for none
     */
    public boolean isEmpty() {
        return parts.isEmpty();
    }

    /**
     * The names that {@link #of} knows.
     *
     * @return sections and keys
     */
    public List<String> names() {
        List<String> names = new ArrayList<>();
        for (Part part : parts) {
            if (!part.name.isEmpty()) {
                names.add(part.name);
            }
            part.keys.forEach(key -> names.add(key.path()));
        }
        return names;
    }

    /**
     * For a terminal.
     *
     * @return a few lines for each key
     */
    public String toText() {
        StringBuilder text = new StringBuilder();
        for (Part part : parts) {
            text.append(text.isEmpty() ? "" : "\n").append(part.name.isEmpty() ? "" : part.name + ": ").append(part.meaning).append('\n');
            for (ConfigKey key : part.keys) {
                text.append("  ").append(key.path()).append(key.unit().isEmpty() ? "" : " [" + key.unit() + "]").append('\n');
                text.append("      ").append(key.meaning()).append('\n');
                text.append("      ").append(value(key)).append("; must be ").append(key.allowed()).append('\n');
            }
        }
        return text.toString();
    }

    /**
     * The page {@code docs/config.md}.
     *
     * @return Markdown
     */
    public String toMarkdown() {
        StringBuilder text = new StringBuilder("# Keys of a run's configuration\n\n"
                + "Written by `./spattn config --markdown > docs/config.md` from the records in the code; a test holds the two together.\n"
                + "`./spattn config KEY` tells about one key or section. A YAML file needs the keys without a default only, or names a preset\n"
                + "that it `extends`; `--set section.key=value` overrides.\n");
        for (Part part : parts) {
            text.append("\n## ").append(part.name.isEmpty() ? "Without a section" : "`" + part.name + "`: " + part.meaning).append("\n\n");
            text.append("| key | meaning | unit | default | must be |\n|---|---|---|---|---|\n");
            for (ConfigKey key : part.keys) {
                String name = part.name.isEmpty() ? key.path() : key.path().substring(part.name.length() + 1);
                text.append("| `").append(name).append("` | ").append(cell(key.meaning())).append(" | ").append(cell(key.unit())).append(" | ")
                        .append(cell(value(key).replaceFirst("^default: ", ""))).append(" | ").append(cell(key.allowed())).append(" |\n");
            }
        }
        return text.toString();
    }

    private static String cell(String text) {
        return text.replace("|", "\\|").replace("<", "&lt;");
    }

    private static String value(ConfigKey key) {
        return key.defaultValue().map(value -> "default: " + value)
                .or(() -> key.follows().map(others -> "default: as " + others))
                .or(() -> key.standsFor().map(other -> "in place of " + other))
                .orElse("has to be given");
    }

    /**
     * For programs.
     *
     * @return {@code keys}, each with key, meaning, unit, default, follows, in_place_of, required and allowed
     */
    public ObjectNode toJson() {
        ObjectNode root = JsonNodeFactory.instance.objectNode();
        root.putArray("keys");
        for (Part part : parts) {
            for (ConfigKey key : part.keys) {
                root.withArray("keys").addObject().put("key", key.path()).put("meaning", key.meaning())
                        .put("unit", key.unit().isEmpty() ? null : key.unit()).put("default", key.defaultValue().orElse(null))
                        .put("follows", key.follows().orElse(null)).put("in_place_of", key.standsFor().orElse(null))
                        .put("required", key.isRequired()).put("allowed", key.allowed());
            }
        }
        return root;
    }
}
