package ai.spattention.train.config;

import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.config.ConfigJson;
import ai.spattention.olmoe.config.OlmoeConfig;
import ai.spattention.olmoe.keys.RecordKey;
import ai.spattention.olmoe.keys.RecordKeys;
import ai.spattention.pattern.Patterns;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/**
 * The model whose weights a run begins with (the key {@code from}). Its {@code config.json} stands in for what a configuration leaves out of
 * the section {@code model}; of what weights belong to nothing may be given that is otherwise.
 */
public final class StartingModel {

    static final String KEY = "from";

    private static final String CONFIG = "config.json";
    private static final String SECTION = "model.";
    private static final String PATTERN = "attention_pattern";
    private static final String LAYOUT = "layout_length";

    /** What the same weights can be used with, well or badly: that is what a run may be about. */
    private static final Set<String> FREE = Set.of(PATTERN, LAYOUT, "max_position_embeddings", "rope_theta", "attention_dropout",
            "initializer_range");

    private StartingModel() {}

    /**
     * The folder that holds a model's files.
     *
     * @param from a model's folder, or that of a run, which holds one in {@code model}
     * @return the folder with {@code config.json}
     * @throws InvalidInputException if there is none
     */
    public static Path folder(String from) {
        try {
            Path folder = Path.of(from);
            Path model = ModelFolder.of(folder);
            if (ModelFolder.isModel(model)) {
                return model;
            }
            throw new InvalidInputException(KEY + " must name a model's folder, with a " + CONFIG + ", or that of a finished run (got '"
                    + Setting.shown(from) + "'" + (Files.isDirectory(folder) ? "" : ", which is no folder") + ")");
        } catch (InvalidPathException e) {
            throw new InvalidInputException(KEY + " '" + Setting.shown(from) + "' is no path: " + e.getReason(), e);
        }
    }

    /** Puts the model's values into the settings of a run. */
    static void complete(Map<String, Setting> settings, String defaultsOrigin) {
        Setting from = settings.get(KEY);
        if (from == null || from.value().asText().isEmpty()) {
            return;
        }
        OlmoeConfig model;
        Path file;
        try {
            file = folder(from.value().asText()).resolve(CONFIG);
            model = ConfigJson.read(file, Patterns.onClassPath());
        } catch (InvalidInputException e) {
            throw from.refused(e.getMessage());
        }
        boolean sameAttention = !isGiven(settings.get(SECTION + PATTERN), defaultsOrigin);
        for (RecordKey key : OlmoeConfig.keys().keys()) {
            String path = SECTION + key.name();
            if (ConfigSchema.ofRunConfig().find(path).isEmpty()) {
                continue;
            }
            Object own = RecordKeys.value(key.component(), model);
            Setting given = settings.get(path);
            if (isGiven(given, defaultsOrigin)) {
                if (!FREE.contains(key.name()) && !Objects.equals(value(given, key), own)) {
                    throw given.refused(path + " is " + given.got() + ", but the weights of " + file.getParent() + " belong to " + own
                            + ": leave it out, or begin with new weights");
                }
            } else if (sameAttention || !key.name().equals(LAYOUT)) {
                JsonNode node = ConfigMapper.mapper().valueToTree(own);
                settings.put(path, new Setting(path, node, node.asText(), file.toString()));
            } else {
                settings.remove(path); // another attention than the model's is laid out for the run's sequences
            }
        }
        settings.computeIfAbsent("data.sequence_length", path -> {
            JsonNode longest = ConfigMapper.mapper().valueToTree(model.maxPositionEmbeddings());
            return new Setting(path, longest, longest.asText(), file.toString());
        });
    }

    private static boolean isGiven(Setting setting, String defaultsOrigin) {
        return setting != null && !setting.origin().startsWith(defaultsOrigin);
    }

    private static Object value(Setting setting, RecordKey key) {
        try {
            return setting.value().isNull() ? null : ConfigMapper.mapper().treeToValue(setting.value(), key.type());
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a checked value could not be read", e);
        }
    }
}
