package ai.spattention.olmoe.config;

import ai.spattention.InvalidInputException;
import ai.spattention.olmoe.io.JsonFile;
import ai.spattention.pattern.LayoutLength;
import ai.spattention.pattern.Patterns;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Reads and writes {@code config.json} as Hugging Face transformers does, in its older form ({@code rope_theta}, {@code
 * torch_dtype}) and its newer one ({@code rope_parameters}, {@code dtype}). A key that may change what the model computes and
 * is not followed here is refused, see {@link ConfigKeys}.
 */
public final class ConfigJson {

    /** What transformers takes for {@code pad_token_id} where the key is absent. */
    private static final int DEFAULT_PAD = 1;

    private final Path file;
    private final ObjectNode root;
    private final Set<String> read = new HashSet<>();

    private ConfigJson(Path file, ObjectNode root) {
        this.file = file;
        this.root = root;
    }

    /**
     * Reads a configuration whose pattern is a standard one or on the class path.
     *
     * @param file the file
     * @return the configuration
     * @throws InvalidInputException if the file cannot be read, is not a configuration of OLMoE, lacks a field or has one that
     *     is not followed here
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
     * @throws InvalidInputException if the file cannot be read, is not a configuration of OLMoE, lacks a field or has one that
     *     is not followed here, or its pattern is not known
     */
    public static OlmoeConfig read(Path file, Patterns patterns) {
        ConfigJson json = new ConfigJson(file, JsonFile.read(file, "a model folder needs a config.json"));
        OlmoeConfig config = json.config(patterns);
        ConfigKeys.check(file, json.root, json.read);
        return config;
    }

    private OlmoeConfig config(Patterns patterns) {
        text("model_type", ModelType.names().toArray(String[]::new));
        text("hidden_act", "silu", "swish"); // two names of one function
        OlmoeConfig.Builder builder = OlmoeConfig.builder()
                .setVocabSize(requiredInt("vocab_size"))
                .setHiddenSize(requiredInt("hidden_size"))
                .setIntermediateSize(requiredInt("intermediate_size"))
                .setNumHiddenLayers(requiredInt("num_hidden_layers"))
                .setNumAttentionHeads(requiredInt("num_attention_heads"))
                .setNumExperts(numExperts())
                .setNumExpertsPerTok(requiredInt("num_experts_per_tok"))
                .setMaxPositionEmbeddings(requiredInt("max_position_embeddings"))
                .optNormTopkProb(flag("norm_topk_prob"))
                .optRmsNormEps((float) number("rms_norm_eps", 1e-5))
                .optRopeTheta(RopeSettings.theta(file, root))
                .optAttentionBias(flag("attention_bias"))
                .optAttentionDropout((float) number("attention_dropout", 0))
                .optTieWordEmbeddings(flag("tie_word_embeddings"))
                .optInitializerRange((float) number("initializer_range", 0.02))
                .optRouterAuxLossCoef(number("router_aux_loss_coef", 0.01))
                .optRouterZLossCoef(number("router_z_loss_coef", 0))
                .optBosTokenId(tokenId("bos_token_id"))
                .optEosTokenIds(TokenIds.of(file, "eos_token_id", value("eos_token_id")))
                .optPadTokenId(padTokenId());
        read.addAll(RopeSettings.KEYS);
        if (present("clip_qkv")) {
            builder.optClipQkv((float) number("clip_qkv", 0));
        }
        Integer keyValueHeads = present("num_key_value_heads") ? requiredInt("num_key_value_heads") : null;
        Integer headDim = present("head_dim") ? requiredInt("head_dim") : null;
        try {
            if (keyValueHeads != null) {
                builder.optNumKeyValueHeads(keyValueHeads);
            }
            if (headDim != null) {
                builder.optHeadDim(headDim);
            }
            if (present("attention_pattern")) {
                builder.optPatterns(LayerPatterns.named(names("attention_pattern"), patterns));
            }
            if (present("layout_length")) {
                builder.optLayoutLength(LayoutLength.parse(value("layout_length").asText()));
            }
            return builder.build();
        } catch (InvalidInputException e) {
            throw new InvalidInputException(file + ": " + e.getMessage(), e);
        }
    }

    /** transformers knows the number of experts by two names. */
    private int numExperts() {
        if (!present("num_local_experts")) {
            return requiredInt("num_experts");
        }
        int number = requiredInt("num_local_experts");
        if (present("num_experts") && requiredInt("num_experts") != number) {
            throw wrong("num_local_experts", "'num_experts', which means the same, is " + requiredInt("num_experts"));
        }
        return number;
    }

    private Integer tokenId(String key) {
        List<Integer> ids = TokenIds.of(file, key, value(key));
        if (ids.size() > 1) {
            throw wrong(key, "it must be one token id or null");
        }
        return ids.isEmpty() ? null : ids.get(0);
    }

    /** As the index of PyTorch's embedding: from the vocabulary's end where it is negative. */
    private Integer padTokenId() {
        JsonNode pad = value("pad_token_id");
        if (pad.isMissingNode() && requiredInt("vocab_size") > DEFAULT_PAD) {
            return DEFAULT_PAD;
        }
        return pad.isIntegralNumber() ? Integer.valueOf(requiredInt("pad_token_id")) : tokenId("pad_token_id");
    }

    private JsonNode value(String key) {
        read.add(key);
        return root.path(key);
    }

    private boolean present(String key) {
        JsonNode value = value(key);
        return !value.isMissingNode() && !value.isNull();
    }

    private int requiredInt(String key) {
        if (!present(key)) {
            throw new InvalidInputException(file + " lacks '" + key + "': it must be a whole number");
        }
        if (!value(key).isIntegralNumber() || !value(key).canConvertToInt()) {
            throw wrong(key, "it must be a whole number of at most " + Integer.MAX_VALUE);
        }
        return value(key).intValue();
    }

    private double number(String key, double otherwise) {
        if (value(key).isMissingNode()) {
            return otherwise;
        }
        if (!value(key).isNumber()) {
            throw wrong(key, "it must be a number");
        }
        return value(key).doubleValue();
    }

    private boolean flag(String key) {
        if (!present(key)) {
            return false;
        }
        if (!value(key).isBoolean()) {
            throw wrong(key, "it must be true or false");
        }
        return value(key).booleanValue();
    }

    private List<String> names(String key) {
        List<String> names = new ArrayList<>();
        for (JsonNode name : value(key).isArray() ? value(key) : List.of(value(key))) {
            if (!name.isTextual()) {
                throw wrong(key, "it must be a name, or a list of names");
            }
            names.add(name.textValue());
        }
        return names;
    }

    private void text(String key, String... allowed) {
        if (present(key) && !List.of(allowed).contains(value(key).asText())) {
            throw wrong(key, "only '" + allowed[0] + "' is supported");
        }
    }

    private InvalidInputException wrong(String key, String allowed) {
        return new InvalidInputException(file + " has '" + key + "' = " + ConfigKeys.shown(value(key)) + ": " + allowed);
    }

    /**
     * The text of a {@code config.json} that old and new versions of transformers read. A model that is not dense and causal in every
     * layer is a {@link ModelType} of its own there.
     *
     * @param config the configuration
     * @param dtype the type of the weights beside it: float32, float16 or bfloat16
     * @return JSON text
     */
    public static String write(OlmoeConfig config, String dtype) {
        ObjectNode root = JsonNodeFactory.instance.objectNode();
        ModelType.of(config).writeTo(root);
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
        root.put("bos_token_id", config.bosTokenId());
        List<Integer> ends = config.eosTokenIds();
        if (ends.size() > 1) {
            ends.forEach(root.putArray("eos_token_id")::add);
        } else {
            root.put("eos_token_id", ends.isEmpty() ? null : ends.get(0));
        }
        root.put("pad_token_id", config.padTokenId());
        root.put("hidden_act", "silu");
        root.put("use_cache", true);
        root.put("dtype", dtype);
        root.put("torch_dtype", dtype);
        if (config.patterns().isUniform()) {
            root.put("attention_pattern", config.patterns().names().get(0));
        } else {
            ArrayNode layers = root.putArray("attention_pattern");
            for (int layer = 0; layer < config.numHiddenLayers(); layer++) {
                layers.add(config.patterns().of(layer).patternName());
            }
        }
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
