package ai.spattention.olmoe.config;

import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.io.JsonFile;
import ai.spattention.olmoe.keys.RecordKey;
import ai.spattention.olmoe.keys.RecordKeys;
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
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

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
        OlmoeConfig.Builder builder = OlmoeConfig.builder();
        for (RecordKey key : OlmoeConfig.keys().keys()) {
            String name = key.name();
            switch (name) {
                case "num_experts" -> builder.set(key, numExperts());
                case "rope_theta" -> builder.set(key, RopeSettings.theta(file, root, Double.parseDouble(key.defaultValue().orElseThrow())));
                case "bos_token_id" -> builder.set(key, tokenId(name));
                case "eos_token_id" -> builder.set(key, TokenIds.of(file, name, value(name)));
                case "pad_token_id" -> builder.set(key, padTokenId());
                case "attention_pattern" -> {
                    if (present(name)) {
                        List<String> names = names(name);
                        builder.set(key, located(() -> LayerPatterns.named(names, patterns)));
                    }
                }
                case "layout_length" -> {
                    if (present(name)) {
                        builder.set(key, located(() -> LayoutLength.parse(value(name).asText())));
                    }
                }
                default -> plain(key).ifPresent(value -> builder.set(key, value));
            }
        }
        read.addAll(RopeSettings.KEYS);
        return located(builder::build);
    }

    /**
     * A number or a truth value, by the key's own name; nothing where its default is to be taken. As in transformers, null stands for the
     * default of a flag and of what may be none or is computed, and is no number.
     */
    private Optional<Object> plain(RecordKey key) {
        String name = key.name();
        Class<?> type = key.type();
        boolean takesDefault = key.follows().isPresent() || !type.isPrimitive() || type == boolean.class
                ? !present(name) : value(name).isMissingNode() && !key.isRequired();
        if (takesDefault) {
            return Optional.empty();
        } else if (type == int.class || type == Integer.class) {
            return Optional.of(requiredInt(name));
        } else if (type == boolean.class) {
            return Optional.of(flag(name));
        } else if (type == float.class || type == Float.class) {
            return Optional.of((float) number(name));
        } else if (type == double.class || type == Double.class) {
            return Optional.of(number(name));
        }
        throw new IllegalStateException("no way is known to read " + name);
    }

    private <T> T located(Supplier<T> reading) {
        try {
            return reading.get();
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

    private double number(String key) {
        if (!value(key).isNumber()) {
            throw wrong(key, "it must be a number");
        }
        return value(key).doubleValue();
    }

    private boolean flag(String key) {
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
        for (RecordKey key : OlmoeConfig.keys().keys()) {
            write(root, key.name(), RecordKeys.value(key.component(), config), config);
        }
        root.put("output_router_logits", false);
        root.put("hidden_act", "silu");
        root.put("use_cache", true);
        root.put("dtype", dtype);
        root.put("torch_dtype", dtype);
        return root.toPrettyString() + "\n";
    }

    private static void write(ObjectNode root, String key, Object value, OlmoeConfig config) {
        switch (key) {
            case "head_dim" -> {
                if ((long) config.headDim() * config.numAttentionHeads() != config.hiddenSize()) {
                    root.put(key, config.headDim());
                }
            }
            case "rope_theta" -> {
                root.put(key, config.ropeTheta());
                root.putObject("rope_parameters").put("rope_type", "default").put(key, config.ropeTheta());
                root.putNull("rope_scaling");
            }
            case "eos_token_id" -> {
                List<Integer> ends = config.eosTokenIds();
                if (ends.size() > 1) {
                    ends.forEach(root.putArray(key)::add);
                } else {
                    root.put(key, ends.isEmpty() ? null : ends.get(0));
                }
            }
            case "attention_pattern" -> {
                if (config.patterns().isUniform()) {
                    root.put(key, config.patterns().names().get(0));
                } else {
                    ArrayNode layers = root.putArray(key);
                    for (int layer = 0; layer < config.numHiddenLayers(); layer++) {
                        layers.add(config.patterns().of(layer).patternName());
                    }
                }
            }
            case "layout_length" -> {
                if (config.layoutLength().isSequence()) {
                    root.put(key, "sequence");
                } else {
                    root.put(key, config.layoutLength().fixed());
                }
            }
            default -> root.putPOJO(key, value instanceof Float number ? asWritten(number) : value);
        }
    }

    /** A float's shortest decimal form, so that 1e-5 is not written as 9.999999747378752e-06. */
    private static double asWritten(float value) {
        return Double.parseDouble(Float.toString(value));
    }
}
