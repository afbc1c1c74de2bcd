package ai.spattention.olmoe.config;

import ai.spattention.common.InvalidInputException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/**
 * The keys of a {@code config.json} that are not read. One that sounds like a setting of a model is refused: other models have
 * it, or it is OLMoE's under another name, and a reader of the file would expect it to be followed. What sounds like nothing of
 * the kind, such as where the model came from, is skipped.
 */
final class ConfigKeys {

    /** Words of which the names of settings are made that change what a model computes. */
    private static final Set<String> WORDS = Set.of(
            "act", "activation", "adapter", "adapters", "alibi", "alpha", "attention", "attn", "base", "beta", "bias", "bits", "block",
            "blocks", "cap", "capacity", "capping", "causal", "chunk", "chunked", "clamp", "clip", "compress", "compression", "config",
            "conv", "dense", "dim", "dims", "drop", "dropout", "emb", "embd", "embed", "embedding", "embeddings", "enable", "eps",
            "epsilon", "every", "expert", "experts", "factor", "feed", "ff", "ffn", "freq", "frequency", "func", "function", "gate",
            "gated", "gating", "global", "glu", "group", "groups", "head", "heads", "hidden", "inner", "interleave", "interleaved",
            "intermediate", "jitter", "kv", "latent", "layer", "layernorm", "layers", "local", "logit", "logits", "lora", "mamba",
            "mask", "masking", "max", "memory", "method", "min", "mlp", "mode", "moe", "mtp", "multiplier", "n", "nextn", "noise",
            "norm", "normalization", "normalize", "num", "order", "parallel", "partial", "pattern", "pdrop", "per", "position",
            "positional", "positions", "post", "pre", "predict", "proj", "projection", "prune", "pruned", "q", "qk", "qkv", "quant",
            "quantization", "quantized", "query", "rank", "ratio", "recurrent", "residual", "rms", "rmsnorm", "rope", "rotary",
            "routed", "router", "routing", "scale", "scaled", "scales", "scaling", "score", "scoring", "shared", "shortcut", "sink",
            "sinks", "size", "skip", "sliding", "softcap", "softcapping", "softmax", "sparse", "sparsity", "ssm", "stride", "theta",
            "tie", "tied", "top", "topk", "type", "types", "use", "vocab", "weights", "width", "window", "yarn");

    /** What sounds so and is not: what transformers returns and how, its labels, and how it draws tokens. */
    private static final Set<String> WITHOUT_EFFECT = Set.of(
            "attn_implementation", "classifier_dropout", "encoder_no_repeat_ngram_size", "epsilon_cutoff",
            "experts_implementation", "max_length", "max_new_tokens", "min_length", "min_new_tokens", "min_p", "model_max_length",
            "no_repeat_ngram_size", "num_beam_groups", "num_beams", "num_labels", "num_return_sequences", "output_hidden_states",
            "output_router_logits", "output_scores", "problem_type", "task_specific_params", "top_k", "top_p", "use_bfloat16",
            "use_cache", "use_return_dict");

    /** Settings that other models have, at the value at which they leave OLMoE as it is. */
    private static final Map<String, Object> NEUTRAL = Map.ofEntries(
            Map.entry("chunk_size_feed_forward", 0), Map.entry("add_cross_attention", false), Map.entry("tie_encoder_decoder", false),
            Map.entry("partial_rotary_factor", 1), Map.entry("mlp_bias", false),
            Map.entry("lm_head_bias", false), Map.entry("qkv_bias", false), Map.entry("use_bias", false),
            Map.entry("use_sliding_window", false), Map.entry("use_qk_norm", true), Map.entry("qk_norm", true),
            Map.entry("num_shared_experts", 0), Map.entry("n_shared_experts", 0), Map.entry("shared_expert_intermediate_size", 0),
            Map.entry("first_k_dense_replace", 0), Map.entry("moe_layer_freq", 1), Map.entry("decoder_sparse_step", 1),
            Map.entry("routed_scaling_factor", 1), Map.entry("router_jitter_noise", 0), Map.entry("logit_scale", 1),
            Map.entry("hidden_dropout", 0), Map.entry("embedding_dropout", 0), Map.entry("resid_pdrop", 0),
            Map.entry("embd_pdrop", 0));

    private static final String BETWEEN_WORDS = "[^A-Za-z]+|(?<=[a-z])(?=[A-Z])";

    private ConfigKeys() {}

    /**
     * Refuses a file with a setting that is not followed.
     *
     * @param file the file, for messages
     * @param root its object
     * @param read the keys that were read
     * @throws InvalidInputException if another key's value may change what the model computes
     */
    static void check(Path file, ObjectNode root, Set<String> read) {
        root.properties().forEach(entry -> {
            String key = entry.getKey();
            if (!read.contains(key) && !isWithoutEffect(key, entry.getValue())) {
                Object neutral = key.equals("layer_types") ? "full_attention, for all" : NEUTRAL.get(key);
                throw new InvalidInputException(file + " has '" + key + "' = " + shown(entry.getValue()) + ": "
                        + (neutral == null ? "OLMoE has no such setting, which may change what a model computes; remove it if it does not"
                                : "OLMoE has only " + neutral));
            }
        });
    }

    private static boolean isWithoutEffect(String key, JsonNode value) {
        if (key.startsWith("_") || WITHOUT_EFFECT.contains(key) || Stream.of(key.split(BETWEEN_WORDS))
                .noneMatch(word -> WORDS.contains(word.toLowerCase(Locale.ROOT)))) {
            return true;
        }
        if (key.equals("layer_types")) {
            return isAll(value, "full_attention");
        }
        return value.isNull() || value.isContainerNode() && value.isEmpty() || isNeutral(value, NEUTRAL.get(key));
    }

    /** Whether a value is the one at which its setting does nothing; null stands for a setting that has no such value. */
    static boolean isNeutral(JsonNode value, Object neutral) {
        return neutral instanceof Boolean flag ? value.isBoolean() && value.booleanValue() == flag
                : neutral instanceof Integer number && value.isNumber() && value.doubleValue() == number;
    }

    private static boolean isAll(JsonNode list, String text) {
        for (JsonNode element : list) {
            if (!element.asText().equals(text)) {
                return false;
            }
        }
        return list.isArray() || list.isNull();
    }

    /** A value as it stands in the file, or its beginning. */
    static String shown(JsonNode value) {
        String text = value.toString();
        return text.length() <= 100 ? text : text.substring(0, 100) + "...";
    }
}
