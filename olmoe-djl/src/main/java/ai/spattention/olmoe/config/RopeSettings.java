package ai.spattention.olmoe.config;

import ai.spattention.InvalidInputException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.Set;

/**
 * The rotary embedding's settings of a {@code config.json}, which versions of transformers keep in three places: {@code
 * rope_theta} beside the others, {@code rope_parameters} and, in both old and new files, {@code rope_scaling}. As transformers
 * does, {@code rope_scaling} is taken before {@code rope_parameters}, and the base in it before the one beside. OLMoE's
 * embedding is not scaled, so whatever asks for that is refused.
 */
final class RopeSettings {

    private static final String SCALING = "rope_scaling";
    private static final String PARAMETERS = "rope_parameters";
    private static final String THETA = "rope_theta";

    /** Where the settings stand. */
    static final Set<String> KEYS = Set.of(SCALING, PARAMETERS, THETA);

    private final Path file;
    private final ObjectNode root;
    private final double defaultTheta;

    private RopeSettings(Path file, ObjectNode root, double defaultTheta) {
        this.file = file;
        this.root = root;
        this.defaultTheta = defaultTheta;
    }

    /**
     * The base of the rotary frequencies.
     *
     * @param file the file, for messages
     * @param root its object
     * @param defaultTheta the base where the file gives none
     * @return the base
     * @throws InvalidInputException if the settings ask for more than a base, or for two
     */
    static double theta(Path file, ObjectNode root, double defaultTheta) {
        return new RopeSettings(file, root, defaultTheta).theta();
    }

    private double theta() {
        double beside = root.has(THETA) ? number(THETA, root.get(THETA)) : defaultTheta;
        double ofParameters = thetaOf(PARAMETERS, beside);
        double ofScaling = thetaOf(SCALING, beside);
        if (root.path(SCALING).isEmpty()) {
            return ofParameters;
        }
        if (!root.path(PARAMETERS).isEmpty() && ofParameters != ofScaling) {
            throw new InvalidInputException(file + " gives the rotary embedding two bases, " + ofScaling + " by '" + SCALING + "' and "
                    + ofParameters + " by '" + PARAMETERS + "': leave one of the two objects");
        }
        return ofScaling;
    }

    private double thetaOf(String key, double beside) {
        JsonNode settings = root.path(key);
        if (settings.isMissingNode() || settings.isNull()) {
            return beside;
        }
        if (!settings.isObject()) {
            throw wrong(key, settings, "it must be an object or null");
        }
        settings.properties().forEach(entry -> check(key, entry.getKey(), entry.getValue()));
        return settings.has(THETA) ? number(key + "." + THETA, settings.get(THETA)) : beside;
    }

    private void check(String key, String setting, JsonNode value) {
        String name = key + "." + setting;
        switch (setting) {
            case THETA, "original_max_position_embeddings" -> { }
            case "rope_type", "type" -> {
                if (!value.isTextual() || !value.textValue().equals("default")) {
                    throw wrong(name, value, "scaled rotary embeddings are not part of OLMoE; it must be \"default\"");
                }
            }
            case "factor", "attention_factor", "partial_rotary_factor" -> {
                if (!value.isNull() && !(value.isNumber() && value.doubleValue() == 1)) {
                    throw wrong(name, value, "scaled and partial rotary embeddings are not part of OLMoE; it must be 1");
                }
            }
            default -> {
                if (value.isObject()) {
                    throw wrong(name, value, "all layers of OLMoE have one rotary embedding; put rope_type and rope_theta right into '"
                            + key + "'");
                }
                if (!value.isNull()) {
                    throw wrong(name, value, "this is no setting of OLMoE's rotary embedding, which has a rope_theta only");
                }
            }
        }
    }

    private double number(String name, JsonNode value) {
        if (!value.isNumber()) {
            throw wrong(name, value, "it must be a number");
        }
        return value.doubleValue();
    }

    private InvalidInputException wrong(String name, JsonNode value, String allowed) {
        return new InvalidInputException(file + " has '" + name + "' = " + ConfigKeys.shown(value) + ": " + allowed);
    }
}
