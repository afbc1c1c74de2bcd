package ai.spattention.train.config;

import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.keys.InvalidKeyException;
import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;

/**
 * Reads a configuration: the defaults, then what the source extends, then the source, then the overrides, each taking
 * precedence over those before it.
 *
 * <p>A source may start from another one with the key {@code extends}: the name of a {@code .yaml} file, relative to the
 * source, or of a preset. Lengths may be given in tokens (training.tokens, schedule.warmup_tokens, schedule.decay_tokens)
 * instead of steps; the result has them in steps. Every mistake is an {@link InvalidInputException} that names file and line (or the override),
 * the key, the value and what is allowed.
 */
public final class RunConfigLoader {

    private static final String EXTENDS = "extends";
    private static final String DEFAULTS = "the defaults";
    private static final int MAX_DEPTH = 8;

    private final ConfigSchema schema = ConfigSchema.ofRunConfig();

    private RunConfigLoader() {}

    /**
     * Reads a configuration.
     *
     * @param source a file or preset
     * @param overrides settings as {@code section.key=value}, where a later one takes precedence; the value is a YAML scalar
     * @return the configuration
     * @throws InvalidInputException if the source cannot be read, or something in it or in the overrides is not allowed
     */
    public static RunConfig load(ConfigSource source, List<String> overrides) {
        RunConfigLoader loader = new RunConfigLoader();
        Map<String, Setting> settings = loader.defaults();
        TokenLengths.override(settings, loader.read(source, List.of()));
        Map<String, Setting> overriding = new LinkedHashMap<>();
        for (String override : overrides) {
            Setting setting = YamlReader.readOverride(override);
            loader.schema.check(setting);
            overriding.put(setting.path(), setting);
        }
        TokenLengths.override(settings, overriding);
        StartingModel.complete(settings, DEFAULTS);
        loader.schema.keys().forEach(key -> key.follows().map(settings::get)
                .ifPresent(from -> settings.putIfAbsent(key.path(), from.as(key.path()))));
        return loader.build(source, settings);
    }

    private Map<String, Setting> defaults() {
        Map<String, Setting> settings = new LinkedHashMap<>();
        for (ConfigKey key : schema.keys()) {
            key.defaultValue().ifPresent(text -> settings.put(key.path(), YamlReader.readText(key.path(), text, DEFAULTS)));
        }
        return settings;
    }

    private Map<String, Setting> read(ConfigSource source, List<ConfigSource> children) {
        Map<String, Setting> own = YamlReader.read(source, schema::isWhole);
        Setting base = own.remove(EXTENDS);
        own.values().forEach(schema::check);
        own.keySet().removeIf(schema::isSection);
        if (base == null) {
            return own;
        }
        Map<String, Setting> settings = readBase(source, base, children);
        TokenLengths.override(settings, own);
        return settings;
    }

    private Map<String, Setting> readBase(ConfigSource source, Setting base, List<ConfigSource> children) {
        if (!base.value().isTextual()) {
            throw base.refused("extends must be a .yaml file or a preset's name (got " + base.got() + ")");
        }
        ConfigSource parent;
        try {
            parent = source.relative(base.text());
        } catch (IllegalArgumentException e) { // an unknown preset, or a path that the file system cannot express
            throw base.refused(e.getMessage());
        }
        List<ConfigSource> chain = new ArrayList<>(children);
        chain.add(source);
        if (chain.stream().anyMatch(parent::isSameAs)) {
            throw base.refused("extends goes in a circle: "
                    + chain.stream().map(ConfigSource::name).collect(Collectors.joining(" -> ")) + " -> " + parent.name());
        }
        if (chain.size() >= MAX_DEPTH) {
            throw base.refused("extends goes more than " + MAX_DEPTH + " files deep");
        }
        if (!parent.exists()) {
            throw base.refused("there is no file " + parent.name() + " to extend");
        }
        return read(parent, chain);
    }

    private RunConfig build(ConfigSource source, Map<String, Setting> given) {
        List<ConfigKey> missing = schema.required().stream().filter(key -> !TokenLengths.isSet(key.path(), given)).toList();
        if (!missing.isEmpty()) {
            throw new InvalidInputException(source.name() + " lacks "
                    + missing.stream().map(key -> key.path() + " (" + ValueTypes.allowed(key.type()) + ")").collect(Collectors.joining(", ")));
        }
        Map<String, Setting> settings = TokenLengths.resolve(given);
        Map<String, JsonNode> values = new LinkedHashMap<>();
        settings.forEach((path, setting) -> values.put(path, setting.value()));
        try {
            return ConfigRecords.read(values);
        } catch (InvalidKeyException e) {
            throw located(e, settings);
        }
    }

    /** Adds the place of the key at fault that was set last: what takes precedence is what a person changed. */
    private static InvalidInputException located(InvalidKeyException refusal, Map<String, Setting> settings) {
        return refusal.keys().stream()
                .map(settings::get)
                .filter(Objects::nonNull) // computed from the others
                .min(Comparator.comparingInt(setting -> setting.origin().startsWith(YamlReader.OVERRIDE) ? 0
                        : setting.origin().startsWith(DEFAULTS) ? 2 : 1))
                .orElseThrow()
                .refused(refusal.getMessage());
    }
}
