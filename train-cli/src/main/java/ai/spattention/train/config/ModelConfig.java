package ai.spattention.train.config;

import ai.spattention.attention.auto.Kernels;
import ai.spattention.olmoe.config.LayerPatterns;
import ai.spattention.pattern.LayoutLength;
import ai.spattention.pattern.LshSettings;
import java.util.List;

/**
 * An OLMoE model, by the names of Hugging Face's {@code config.json}, and its attention.
 *
 * @param vocabSize tokens of the vocabulary, at least 1
 * @param hiddenSize width of the residual stream, at least 2; a multiple of twice the heads
 * @param intermediateSize width of one expert, at least 1
 * @param numHiddenLayers layers, at least 1
 * @param numAttentionHeads query heads, at least 1
 * @param numKeyValueHeads key and value heads, a divisor of the query heads; default: as many as query heads
 * @param numExperts experts of a layer, at least 1
 * @param numExpertsPerTok experts that a token visits, 1 to the number of experts
 * @param normTopkProb whether the weights of a token's experts are made to add up to 1; default false
 * @param clipQkv what queries, keys and values are clamped to (± this), above 0; null, the default, for no clamping
 * @param ropeTheta base of the rotary embedding, above 0; default 10000
 * @param rmsNormEps added to the mean square before the root, above 0; default 1e-5
 * @param tieWordEmbeddings whether the output embedding is the input embedding; default false
 * @param initializerRange standard deviation of the initial weights, above 0; default 0.02
 * @param maxPositionEmbeddings longest sequence, at least the training sequence; default: the training sequence
 * @param attentionPattern which keys each head's queries see, by one pattern in all layers or by several that repeat over them;
 *     default {@code sp}
 * @param layoutLength the length from which the bands are computed; default: the training sequence length
 * @param attentionDropout rate at which attention weights are dropped in training, in [0, 1); default 0
 * @param kernel how attention is computed, one of {@link Kernels#names}; default {@code auto}
 */
public record ModelConfig(int vocabSize, int hiddenSize, int intermediateSize, int numHiddenLayers,
        int numAttentionHeads, int numKeyValueHeads, int numExperts, int numExpertsPerTok, boolean normTopkProb,
        Double clipQkv, double ropeTheta, double rmsNormEps, boolean tieWordEmbeddings, double initializerRange,
        int maxPositionEmbeddings, LayerPatterns attentionPattern, LayoutLength layoutLength,
        double attentionDropout, String kernel) implements Section {

    /**
     * Checks the values.
     *
     * @throws ai.spattention.common.InvalidInputException if a value is out of range or contradicts another
     */
    public ModelConfig {
        Require.atLeast("model.vocab_size", vocabSize, 1);
        Require.atLeast("model.hidden_size", hiddenSize, 2);
        Require.atLeast("model.intermediate_size", intermediateSize, 1);
        Require.atLeast("model.num_hidden_layers", numHiddenLayers, 1);
        Require.atLeast("model.num_attention_heads", numAttentionHeads, 1);
        Require.atLeast("model.num_key_value_heads", numKeyValueHeads, 1);
        Require.atLeast("model.num_experts", numExperts, 1);
        Require.atLeast("model.num_experts_per_tok", numExpertsPerTok, 1);
        if (clipQkv != null) {
            Require.positive("model.clip_qkv", clipQkv);
        }
        Require.positive("model.rope_theta", ropeTheta);
        Require.positive("model.rms_norm_eps", rmsNormEps);
        Require.positive("model.initializer_range", initializerRange);
        Require.atLeast("model.max_position_embeddings", maxPositionEmbeddings, 1);
        Require.that(attentionDropout >= 0 && attentionDropout < 1, "model.attention_dropout", "must lie in [0, 1)",
                attentionDropout);
        List<String> kernels = Kernels.names();
        Require.that(kernels.contains(kernel), "model.kernel", "must be one of " + String.join(", ", kernels), kernel);
        if (attentionPattern.cycle().size() > numHiddenLayers) {
            throw new InvalidKeyException("model.attention_pattern must not list more patterns than model.num_hidden_layers (got "
                    + attentionPattern.cycle().size() + " and " + numHiddenLayers + ")",
                    "model.attention_pattern", "model.num_hidden_layers");
        }
        if (hiddenSize % numAttentionHeads != 0) {
            throw new InvalidKeyException("model.num_attention_heads must divide model.hidden_size (got "
                    + numAttentionHeads + " and " + hiddenSize + ")",
                    "model.num_attention_heads", "model.hidden_size");
        }
        if (hiddenSize / numAttentionHeads % 2 != 0) {
            throw new InvalidKeyException("a head's width, model.hidden_size / model.num_attention_heads, must be even"
                    + " for the rotary embedding (got " + hiddenSize + " / " + numAttentionHeads + " = "
                    + hiddenSize / numAttentionHeads + ")", "model.hidden_size", "model.num_attention_heads");
        }
        if (numAttentionHeads % numKeyValueHeads != 0) {
            throw new InvalidKeyException("model.num_key_value_heads must divide model.num_attention_heads (got "
                    + numKeyValueHeads + " and " + numAttentionHeads + ")",
                    "model.num_key_value_heads", "model.num_attention_heads");
        }
        if (numKeyValueHeads != numAttentionHeads && attentionPattern.cycle().stream().anyMatch(LshSettings.class::isInstance)) {
            throw new InvalidKeyException("model.attention_pattern lsh shares queries and keys, so that model.num_key_value_heads must be"
                    + " model.num_attention_heads (got " + numKeyValueHeads + " and " + numAttentionHeads + ")",
                    "model.attention_pattern", "model.num_key_value_heads", "model.num_attention_heads");
        }
        if (numExpertsPerTok > numExperts) {
            throw new InvalidKeyException("model.num_experts_per_tok must be at most model.num_experts (got "
                    + numExpertsPerTok + " and " + numExperts + ")",
                    "model.num_experts_per_tok", "model.num_experts");
        }
    }
}
