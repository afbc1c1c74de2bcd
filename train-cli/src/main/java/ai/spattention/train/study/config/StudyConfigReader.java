package ai.spattention.train.study.config;

import ai.spattention.common.InvalidInputException;
import ai.spattention.eval.probe.ProbeName;
import ai.spattention.olmoe.config.Hints;
import ai.spattention.olmoe.io.JsonProblem;
import ai.spattention.train.config.ConfigSource;
import ai.spattention.train.config.TextList;
import ai.spattention.train.study.result.SpeedUp;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.StreamSupport;

/** Reads a study's configuration. Every mistake is told in one line: the file, the key, the value, and what is allowed. */
public final class StudyConfigReader {

    private static final YAMLMapper YAML = YAMLMapper.builder().enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS).build();

    private static final List<String> KEYS = List.of("name", "base", "settings", "data", "held_out", "reference", "margin", "seeds", "arms", "parts",
            "probes", "speed_ups", "deviations");
    private static final List<String> PART_KEYS = List.of("steps", "settings", "arms", "seeds");
    private static final List<String> SPEED_UP_KEYS = List.of("factor", "source");
    private static final String DESCRIPTION = "description";

    /** Of arms and parts: they are folders' names, too. */
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,63}");

    /** What an arm cannot have of its own, since the study sets it. */
    private static final List<String> OF_THE_STUDY = List.of("name", "seed", "device", "data.seed", "data.path", "training.steps",
            "training.tokens", "validation.probes");

    private final String file;

    private StudyConfigReader(String file) {
        this.file = file;
    }

    /**
     * Reads a study's configuration.
     *
     * @param source the file
     * @return the configuration
     * @throws InvalidInputException if it cannot be read, or something in it is not allowed
     */
    public static StudyConfig read(ConfigSource source) {
        return new StudyConfigReader(source.toString()).read(source.read());
    }

    private StudyConfig read(String text) {
        JsonNode root;
        try {
            root = YAML.readTree(text);
        } catch (JsonProcessingException e) {
            throw new InvalidInputException(file + (e.getLocation() == null ? "" : ":" + e.getLocation().getLineNr()) + ": this is not YAML: "
                    + JsonProblem.of(e), e);
        }
        section("the configuration of a study", root, KEYS);
        List<ArmConfig> arms = arms(root.path("arms"));
        List<String> names = arms.stream().map(ArmConfig::name).toList();
        String reference = text("reference", root.path("reference"));
        if (!names.contains(reference)) {
            throw refused("reference must be one of the arms " + String.join(", ", names) + " (got '" + reference + "')");
        }
        double margin = number("margin", root.path("margin"));
        if (!(margin > 0)) {
            throw refused("margin must be above 0 nats a token: by so much models may differ and still be called equal (got " + margin + ")");
        }
        List<String> probes = distinct("probes", texts("probes", root.path("probes")));
        try {
            ProbeName.parse(probes);
        } catch (InvalidInputException e) {
            throw refused("probes: " + e.getMessage());
        }
        List<Long> seeds = root.has("seeds") ? seeds("seeds", root.get("seeds")) : List.of();
        return new StudyConfig(text("name", root.path("name")), text, text("base", root.path("base")),
                settings("settings", root.path("settings")), text("data", root.path("data")),
                distinct("held_out", texts("held_out", root.path("held_out"))), reference, margin, arms,
                parts(root.path("parts"), names, reference, seeds), probes,
                speedUps(root.path("speed_ups"), names), texts("deviations", root.path("deviations")));
    }

    private InvalidInputException refused(String problem) {
        return new InvalidInputException(file + ": " + problem);
    }

    /** A mapping whose keys are all known. */
    private void section(String name, JsonNode node, List<String> keys) {
        if (!node.isObject()) {
            throw refused(name + " must be a section with the keys " + String.join(", ", keys) + " (got " + shown(node) + ")");
        }
        node.fieldNames().forEachRemaining(key -> {
            if (!keys.contains(key)) {
                throw refused("unknown key '" + key + "' in " + name + ": " + Hints.nearest(key, keys).map(near -> "did you mean " + near + "?")
                        .orElse("the keys are " + String.join(", ", keys)));
            }
        });
    }

    private List<ArmConfig> arms(JsonNode node) {
        List<ArmConfig> arms = new ArrayList<>();
        named("arms", node).forEach((name, arm) -> arms.add(new ArmConfig(name,
                arm.has(DESCRIPTION) ? text("arms." + name + "." + DESCRIPTION, arm.get(DESCRIPTION)) : "", settings("arms." + name, arm))));
        if (arms.size() < 2) {
            throw refused("arms must name at least two models to compare (got " + arms.size() + ")");
        }
        return arms;
    }

    private Map<String, JsonNode> named(String key, JsonNode node) {
        if (!node.isObject()) {
            throw refused(key + " must be a section whose keys are the names of " + key + " (got " + shown(node) + ")");
        }
        Map<String, JsonNode> named = new LinkedHashMap<>();
        node.properties().forEach(entry -> {
            if (!NAME.matcher(entry.getKey()).matches()) {
                throw refused("a name in " + key + " must have letters, digits, dots, dashes and underscores, at most 64 (got '"
                        + entry.getKey() + "')");
            }
            named.put(entry.getKey(), entry.getValue());
        });
        return named;
    }

    /** Settings as an override has them, {@code section.key: value}; sections may also be indented. */
    private Map<String, String> settings(String where, JsonNode node) {
        Map<String, String> settings = new LinkedHashMap<>();
        if (node.isMissingNode() || node.isNull()) {
            return settings;
        }
        if (!node.isObject()) {
            throw refused(where + " must be a section of settings, such as model.attention_pattern: sp (got " + shown(node) + ")");
        }
        addSettings(where, "", node, settings);
        return settings;
    }

    private void addSettings(String where, String prefix, JsonNode section, Map<String, String> settings) {
        section.properties().forEach(entry -> {
            String key = prefix + entry.getKey();
            JsonNode value = entry.getValue();
            if (key.equals(DESCRIPTION)) {
                return;
            }
            if (OF_THE_STUDY.contains(key)) {
                throw refused(where + " must not set " + key + ": the study sets it");
            }
            if (value.isObject()) {
                addSettings(where, key + ".", value, settings);
            } else if (settings.put(key, value.isArray() ? new TextList(texts(where + "." + key, value)).asOverride() : value.asText()) != null) {
                throw refused(where + " sets " + key + " twice");
            }
        });
    }

    private List<PartConfig> parts(JsonNode node, List<String> arms, String reference, List<Long> seeds) {
        List<PartConfig> parts = new ArrayList<>();
        named("parts", node).forEach((name, part) -> {
            String where = "parts." + name;
            section(where, part, PART_KEYS);
            JsonNode steps = part.path("steps");
            if (!steps.isIntegralNumber() || !steps.canConvertToInt() || steps.intValue() < 1) {
                throw refused(where + ".steps must be a whole number of at least 1 (got " + shown(steps) + ")");
            }
            List<String> own = part.has("arms") ? texts(where + ".arms", part.get("arms")) : arms;
            for (String arm : own) {
                if (!arms.contains(arm)) {
                    throw refused(where + ".arms must be of the arms " + String.join(", ", arms) + " (got '" + arm + "')");
                }
            }
            distinct(where + ".arms", own);
            if (own.size() < 2 || !own.contains(reference)) {
                throw refused(where + ".arms must hold the reference '" + reference + "' and an arm to compare with it (got "
                        + String.join(", ", own) + ")");
            }
            List<Long> ownSeeds = part.has("seeds") ? seeds(where + ".seeds", part.get("seeds")) : seeds;
            if (ownSeeds.isEmpty()) {
                throw refused(where + " has no seeds: give it seeds, or the study");
            }
            parts.add(new PartConfig(name, steps.intValue(), settings(where + ".settings", part.path("settings")), own, ownSeeds));
        });
        if (parts.isEmpty()) {
            throw refused("parts must name at least one part with its steps");
        }
        return parts;
    }

    private List<Long> seeds(String where, JsonNode node) {
        List<Long> seeds = new ArrayList<>();
        for (JsonNode seed : node.isArray() ? node : List.of(node)) {
            if (!seed.isIntegralNumber() || !seed.canConvertToLong() || seed.longValue() < 0) {
                throw refused(where + " must be whole numbers of at least 0 (got " + shown(seed) + ")");
            }
            seeds.add(seed.longValue());
        }
        distinct(where, seeds);
        return seeds;
    }

    private <T> List<T> distinct(String where, List<T> values) {
        values.stream().filter(value -> values.indexOf(value) != values.lastIndexOf(value)).findFirst().ifPresent(twice -> {
            throw refused(where + " must be different ones (got " + twice + " twice)");
        });
        return values;
    }

    private List<SpeedUp> speedUps(JsonNode node, List<String> arms) {
        List<SpeedUp> speedUps = new ArrayList<>();
        if (node.isMissingNode()) {
            return speedUps;
        }
        named("speed_ups", node).forEach((arm, speedUp) -> {
            String where = "speed_ups." + arm;
            if (!arms.contains(arm)) {
                throw refused("speed_ups must be of the arms " + String.join(", ", arms) + " (got '" + arm + "')");
            }
            section(where, speedUp, SPEED_UP_KEYS);
            double factor = number(where + ".factor", speedUp.path("factor"));
            if (!(factor > 0)) {
                throw refused(where + ".factor must be above 0 (got " + factor + ")");
            }
            speedUps.add(new SpeedUp(arm, factor, text(where + ".source", speedUp.path("source"))));
        });
        return speedUps;
    }

    private double number(String where, JsonNode node) {
        if (!node.isNumber() || !Double.isFinite(node.doubleValue())) {
            throw refused(where + " must be a number (got " + shown(node) + ")");
        }
        return node.doubleValue();
    }

    private String text(String where, JsonNode value) {
        if (value.isContainerNode()) {
            throw refused(where + " must be a text (got " + shown(value) + ")");
        }
        if (!value.isValueNode() || value.isNull() || value.asText().isBlank()) {
            throw refused(where + " is missing (got " + shown(value) + ")");
        }
        return value.asText();
    }

    private List<String> texts(String where, JsonNode node) {
        if (node.isMissingNode() || node.isNull()) {
            return List.of();
        }
        if (!node.isArray() || StreamSupport.stream(node.spliterator(), false).anyMatch(each -> !each.isValueNode() || each.isNull())) {
            throw refused(where + " must be a list (got " + shown(node) + ")");
        }
        return StreamSupport.stream(node.spliterator(), false).map(JsonNode::asText).toList();
    }

    private static String shown(JsonNode node) {
        String text = node.isMissingNode() || node.isNull() ? "nothing" : node.isTextual() ? "'" + node.textValue() + "'"
                : node.isObject() ? "a section" : node.toString();
        return text.length() > 60 ? text.substring(0, 60) + "..." : text;
    }
}
