package ai.spattention.train.config;

import ai.spattention.common.InvalidInputException;
import ai.spattention.train.data.Split;
import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * Folders of prepared data to measure a model with, by the name under which each is reported; {@code validation} is the one without
 * a name. In YAML: a folder; or a list of folders, each {@code NAME=FOLDER} or named by its folder's last part; or keys with folders;
 * on the command line also {@code NAME=FOLDER,NAME=FOLDER}.
 *
 * @param byName the folders, in the order given; empty for the held-out sets of the training data
 */
public record ValidationFolders(Map<String, String> byName) {

    /** No folder: the training data's own held-out sets. */
    public static final ValidationFolders NONE = new ValidationFolders(Map.of());

    private static final Pattern NAMED = Pattern.compile("[^/=,]+=.*", Pattern.DOTALL);

    /**
     * Checks names and folders.
     *
     * @throws InvalidInputException if a name cannot be that of a held-out set, or a folder's name is empty or none
     */
    public ValidationFolders {
        byName.forEach((name, folder) -> {
            Split.heldOut(name);
            requirePath(folder);
        });
        byName = Collections.unmodifiableMap(new LinkedHashMap<>(byName));
    }

    private static void requirePath(String folder) {
        try {
            if (folder.isBlank() || Path.of(folder).getFileName() == null) {
                throw new InvalidInputException("data.validation_path must name folders of prepared data (got '" + folder + "')");
            }
        } catch (InvalidPathException e) {
            throw new InvalidInputException("data.validation_path '" + Setting.shown(folder) + "' cannot be the name of a folder: "
                    + e.getReason(), e);
        }
    }

    /**
     * Reads a YAML value.
     *
     * @param value text, a list of texts, or an object of texts
     * @return the folders
     * @throws InvalidInputException if it is something else, or a name comes twice
     */
    @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
    static ValidationFolders of(JsonNode value) {
        Map<String, String> folders = new LinkedHashMap<>();
        if (value.isObject()) {
            value.properties().forEach(entry -> put(folders, entry.getKey(), text(entry.getValue())));
        } else if (value.isArray()) {
            for (JsonNode item : value) {
                String text = text(item);
                requirePath(text);
                putNamed(folders, NAMED.matcher(text).matches() ? text : Path.of(text).getFileName() + "=" + text);
            }
        } else if (!text(value).isEmpty()) {
            List<String> parts = parts(text(value));
            parts.forEach(part -> putNamed(folders, part));
        }
        return new ValidationFolders(folders);
    }

    /** A comma stands between parts where a name follows it: else it belongs to a folder. */
    private static List<String> parts(String text) {
        if (!NAMED.matcher(text).matches()) {
            return List.of(Split.VALIDATION.name() + "=" + text);
        }
        List<String> parts = new ArrayList<>();
        for (String part : text.split(",")) {
            if (parts.isEmpty() || NAMED.matcher(part).matches()) {
                parts.add(part.strip());
            } else {
                parts.set(parts.size() - 1, parts.get(parts.size() - 1) + "," + part);
            }
        }
        return parts;
    }

    private static void putNamed(Map<String, String> folders, String named) {
        int equals = named.indexOf('=');
        put(folders, named.substring(0, equals), named.substring(equals + 1));
    }

    private static void put(Map<String, String> folders, String name, String folder) {
        if (folders.putIfAbsent(name, folder) != null) {
            throw new InvalidInputException("data.validation_path has the name '" + Setting.shown(name) + "' twice: give each folder a"
                    + " name of its own (NAME=FOLDER)");
        }
    }

    private static String text(JsonNode value) {
        if (!value.isTextual()) {
            throw new InvalidInputException("data.validation_path must be a folder, a list of them, or names with folders: put numbers"
                    + " and the like in quotes");
        }
        return value.textValue();
    }

    /** Text where it says all, else names with folders. */
    @JsonValue
    Object toValue() {
        boolean isPlain = byName.isEmpty() || byName.size() == 1 && byName.containsKey(Split.VALIDATION.name())
                && !NAMED.matcher(byName.get(Split.VALIDATION.name())).matches();
        return isPlain ? byName.getOrDefault(Split.VALIDATION.name(), "") : byName;
    }
}
