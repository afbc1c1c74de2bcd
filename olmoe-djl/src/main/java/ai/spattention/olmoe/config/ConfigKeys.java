package ai.spattention.olmoe.config;

import ai.spattention.InvalidInputException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;

/**
 * The keys of a {@code config.json} that no number depends on. Whatever else a file has is refused: it may be a setting of
 * another model that a reader of this file would expect to be followed.
 */
final class ConfigKeys {

    /** What transformers keeps beside a model's own settings: where it came from, what to return, labels, how to draw tokens. */
    private static final Set<String> WITHOUT_EFFECT = Set.of(
            "architectures", "auto_map", "name_or_path", "transformers_version", "tokenizer_class", "torch_dtype", "dtype", "use_cache",
            "output_router_logits", "output_attentions", "output_hidden_states", "return_dict", "use_return_dict", "attn_implementation",
            "experts_implementation", "is_decoder", "torchscript", "use_bfloat16", "tf_legacy_loss", "pretraining_tp",
            "finetuning_task", "problem_type", "task_specific_params", "custom_pipelines", "id2label", "label2id", "num_labels",
            "classifier_dropout", "model_max_length", "prefix", "unsloth_fixed",
            "max_length", "max_new_tokens", "min_length", "min_new_tokens", "do_sample", "early_stopping", "num_beams",
            "num_beam_groups", "diversity_penalty", "temperature", "top_k", "top_p", "min_p", "typical_p", "epsilon_cutoff",
            "eta_cutoff", "repetition_penalty", "encoder_repetition_penalty", "length_penalty", "no_repeat_ngram_size",
            "encoder_no_repeat_ngram_size", "bad_words_ids", "num_return_sequences", "output_scores", "return_dict_in_generate",
            "remove_invalid_values", "exponential_decay_length_penalty", "suppress_tokens", "begin_suppress_tokens");

    /** Settings that other models have, at the value at which they leave OLMoE as it is. */
    private static final Map<String, Object> NEUTRAL = Map.ofEntries(
            Map.entry("chunk_size_feed_forward", 0), Map.entry("is_encoder_decoder", false), Map.entry("add_cross_attention", false),
            Map.entry("tie_encoder_decoder", false), Map.entry("partial_rotary_factor", 1), Map.entry("mlp_bias", false),
            Map.entry("lm_head_bias", false), Map.entry("qkv_bias", false), Map.entry("use_bias", false),
            Map.entry("use_sliding_window", false), Map.entry("use_qk_norm", true), Map.entry("qk_norm", true),
            Map.entry("num_shared_experts", 0), Map.entry("n_shared_experts", 0), Map.entry("shared_expert_intermediate_size", 0),
            Map.entry("first_k_dense_replace", 0), Map.entry("moe_layer_freq", 1), Map.entry("decoder_sparse_step", 1),
            Map.entry("routed_scaling_factor", 1), Map.entry("router_jitter_noise", 0), Map.entry("logit_scale", 1),
            Map.entry("hidden_dropout", 0), Map.entry("embedding_dropout", 0), Map.entry("resid_pdrop", 0),
            Map.entry("embd_pdrop", 0));

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
                        + (neutral == null ? "this is no setting of OLMoE, and may change what the model computes; remove it if it does"
                        + " not" : "OLMoE has only " + neutral));
            }
        });
    }

    private static boolean isWithoutEffect(String key, JsonNode value) {
        if (WITHOUT_EFFECT.contains(key) || key.startsWith("_") || key.endsWith("_token_id") || key.endsWith("_version")) {
            return true;
        }
        if (key.equals("layer_types")) {
            return isAll(value, "full_attention");
        }
        return value.isNull() || value.isContainerNode() && value.isEmpty() || isNeutral(value, NEUTRAL.get(key));
    }

    private static boolean isNeutral(JsonNode value, Object neutral) {
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
