package ai.spattention.olmoe.config;

import ai.spattention.InvalidInputException;
import ai.spattention.olmoe.json.JsonProblem;
import ai.spattention.olmoe.json.StrictJson;
import ai.spattention.pattern.LayoutLength;
import ai.spattention.pattern.Patterns;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Reads and writes {@code config.json} as Hugging Face transformers does, in its older form ({@code rope_theta}, {@code
 * torch_dtype}) and its newer one ({@code rope_parameters}, {@code dtype}). Keys that mean nothing here are skipped.
 */
public final class ConfigJson {

    /** A configuration is a page of text; anything of this size is another file. */
    private static final long LARGEST = 16L << 20;

    private static final ObjectMapper JSON = StrictJson.builder().build();

    private final Path file;
    private final JsonNode root;

    private ConfigJson(Path file, JsonNode root) {
        this.file = file;
        this.root = root;
    }

    /**
     * Reads a configuration whose pattern is a standard one or on the class path.
     *
     * @param file the file
     * @return the configuration
     * @throws InvalidInputException if the file cannot be read, is not a configuration of OLMoE or lacks a field
     */
    public static OlmoeConfig read(Path file) {
        return read(file, Patterns.onClassPath());
    }

    /**
     * Reads a configuration.
     *
     * @param file the file
     * @param patterns where its pattern is found by name
     * @return the configuration
     * @throws InvalidInputException if the file cannot be read, is not a configuration of OLMoE or lacks a field, or its pattern
     *     is not known
     */
    public static OlmoeConfig read(Path file, Patterns patterns) {
        JsonNode root;
        try {
            if (Files.size(file) > LARGEST) {
                throw new InvalidInputException(file + " is no model configuration: " + Files.size(file) + " bytes");
            }
            root = JSON.readTree(Files.readAllBytes(file));
        } catch (JsonProcessingException e) {
            throw new InvalidInputException(file + " is not valid JSON: " + JsonProblem.of(e)
                    + (e.getLocation() == null ? "" : " (line " + e.getLocation().getLineNr() + ")"), e);
        } catch (IOException e) {
            throw new InvalidInputException("cannot read " + file + ": a model folder needs a config.json", e);
        }
        if (root == null || !root.isObject()) {
            throw new InvalidInputException(file + " must hold one JSON object");
        }
        return new ConfigJson(file, root).config(patterns);
    }

    private OlmoeConfig config(Patterns patterns) {
        text("model_type", "olmoe");
        text("hidden_act", "silu");
        OlmoeConfig.Builder builder = OlmoeConfig.builder()
                .setVocabSize(requiredInt("vocab_size"))
                .setHiddenSize(requiredInt("hidden_size"))
                .setIntermediateSize(requiredInt("intermediate_size"))
                .setNumHiddenLayers(requiredInt("num_hidden_layers"))
                .setNumAttentionHeads(requiredInt("num_attention_heads"))
                .setNumExperts(requiredInt("num_experts"))
                .setNumExpertsPerTok(requiredInt("num_experts_per_tok"))
                .setMaxPositionEmbeddings(requiredInt("max_position_embeddings"))
                .optNormTopkProb(flag("norm_topk_prob"))
                .optRmsNormEps((float) number("rms_norm_eps", 1e-5))
                .optRopeTheta(ropeTheta())
                .optAttentionBias(flag("attention_bias"))
                .optAttentionDropout((float) number("attention_dropout", 0))
                .optTieWordEmbeddings(flag("tie_word_embeddings"))
                .optInitializerRange((float) number("initializer_range", 0.02))
                .optRouterAuxLossCoef(number("router_aux_loss_coef", 0.01))
                .optRouterZLossCoef(number("router_z_loss_coef", 0))
                .optEosTokenId(present("eos_token_id") ? requiredInt("eos_token_id") : null)
                .optPadTokenId(padTokenId());
        if (present("clip_qkv")) {
            builder.optClipQkv((float) number("clip_qkv", 0));
        }
        try {
            if (present("num_key_value_heads")) {
                builder.optNumKeyValueHeads(requiredInt("num_key_value_heads"));
            }
            if (present("head_dim")) {
                builder.optHeadDim(requiredInt("head_dim"));
            }
            if (present("attention_pattern")) {
                builder.optPattern(patterns.of(root.get("attention_pattern").asText()));
            }
            if (present("layout_length")) {
                builder.optLayoutLength(LayoutLength.parse(root.get("layout_length").asText()));
            }
            return builder.build();
        } catch (InvalidInputException e) {
            throw new InvalidInputException(file + ": " + e.getMessage(), e);
        }
    }

    /** Where the key is missing, transformers takes 1; null means that there is none. */
    private Integer padTokenId() {
        if (root.has("pad_token_id")) {
            return present("pad_token_id") ? requiredInt("pad_token_id") : null;
        }
        return requiredInt("vocab_size") > 1 ? 1 : null;
    }

    private double ropeTheta() {
        if (present("rope_scaling")) {
            throw wrong("rope_scaling", "scaled rotary embeddings are not part of OLMoE; it must be null");
        }
        JsonNode parameters = root.get("rope_parameters");
        if (parameters == null || parameters.isNull()) {
            return number("rope_theta", 10_000);
        }
        if (!parameters.isObject()) {
            throw wrong("rope_parameters", "it must be an object");
        }
        JsonNode type = parameters.get("rope_type");
        if (type != null && !type.asText().equals("default")) {
            throw wrong("rope_parameters", "rope_type must be default");
        }
        JsonNode theta = parameters.get("rope_theta");
        if (theta == null) {
            return number("rope_theta", 10_000);
        }
        if (!theta.isNumber()) {
            throw wrong("rope_parameters", "rope_theta must be a number");
        }
        return theta.doubleValue();
    }

    private boolean present(String key) {
        return root.hasNonNull(key);
    }

    private int requiredInt(String key) {
        JsonNode value = root.get(key);
        if (value == null || value.isNull()) {
            throw new InvalidInputException(file + " lacks '" + key + "': it must be a whole number");
        }
        if (!value.isIntegralNumber() || !value.canConvertToInt()) {
            throw wrong(key, "it must be a whole number");
        }
        return value.intValue();
    }

    private double number(String key, double otherwise) {
        if (!present(key)) {
            return otherwise;
        }
        if (!root.get(key).isNumber()) {
            throw wrong(key, "it must be a number");
        }
        return root.get(key).doubleValue();
    }

    private boolean flag(String key) {
        if (!present(key)) {
            return false;
        }
        if (!root.get(key).isBoolean()) {
            throw wrong(key, "it must be true or false");
        }
        return root.get(key).booleanValue();
    }

    private void text(String key, String only) {
        if (present(key) && !root.get(key).asText().equals(only)) {
            throw wrong(key, "only '" + only + "' is supported");
        }
    }

    private InvalidInputException wrong(String key, String allowed) {
        return new InvalidInputException(file + " has '" + key + "' = " + root.get(key) + ": " + allowed);
    }

    /**
     * The text of a {@code config.json} that old and new versions of transformers read.
     *
     * @param config the configuration
     * @param dtype the type of the weights beside it: float32, float16 or bfloat16
     * @return JSON text
     */
    public static String write(OlmoeConfig config, String dtype) {
        ObjectNode root = JSON.createObjectNode();
        root.putArray("architectures").add("OlmoeForCausalLM");
        root.put("model_type", "olmoe");
        root.put("vocab_size", config.vocabSize());
        root.put("hidden_size", config.hiddenSize());
        root.put("intermediate_size", config.intermediateSize());
        root.put("num_hidden_layers", config.numHiddenLayers());
        root.put("num_attention_heads", config.numAttentionHeads());
        root.put("num_key_value_heads", config.numKeyValueHeads());
        if ((long) config.headDim() * config.numAttentionHeads() != config.hiddenSize()) {
            root.put("head_dim", config.headDim());
        }
        root.put("num_experts", config.numExperts());
        root.put("num_experts_per_tok", config.numExpertsPerTok());
        root.put("norm_topk_prob", config.normTopkProb());
        root.put("rms_norm_eps", asWritten(config.rmsNormEps()));
        root.put("rope_theta", config.ropeTheta());
        root.putObject("rope_parameters").put("rope_type", "default").put("rope_theta", config.ropeTheta());
        root.putNull("rope_scaling");
        if (config.clipQkv() == null) {
            root.putNull("clip_qkv");
        } else {
            root.put("clip_qkv", asWritten(config.clipQkv()));
        }
        root.put("attention_bias", config.attentionBias());
        root.put("attention_dropout", asWritten(config.attentionDropout()));
        root.put("tie_word_embeddings", config.tieWordEmbeddings());
        root.put("initializer_range", asWritten(config.initializerRange()));
        root.put("router_aux_loss_coef", config.routerAuxLossCoef());
        root.put("router_z_loss_coef", config.routerZLossCoef());
        root.put("output_router_logits", false);
        root.put("max_position_embeddings", config.maxPositionEmbeddings());
        root.putNull("bos_token_id");
        root.put("eos_token_id", config.eosTokenId());
        root.put("pad_token_id", config.padTokenId());
        root.put("hidden_act", "silu");
        root.put("use_cache", true);
        root.put("dtype", dtype);
        root.put("torch_dtype", dtype);
        root.put("attention_pattern", config.pattern().patternName());
        if (config.layoutLength().isSequence()) {
            root.put("layout_length", "sequence");
        } else {
            root.put("layout_length", config.layoutLength().fixed());
        }
        return root.toPrettyString() + "\n";
    }

    /** A float's shortest decimal form, so that 1e-5 is not written as 9.999999747378752e-06. */
    private static double asWritten(float value) {
        return Double.parseDouble(Float.toString(value));
    }
}
