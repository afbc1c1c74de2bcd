package ai.spattention.olmoe.config;

import ai.spattention.attention.AttentionLayout;
import ai.spattention.common.InvalidInputException;
import ai.spattention.pattern.AttentionPattern;
import ai.spattention.pattern.LayoutLength;
import ai.spattention.pattern.LshSettings;
import ai.spattention.pattern.StandardPattern;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * The sizes and settings of an OLMoE model, named as in Hugging Face's {@code OlmoeConfig}.
 *
 * @param vocabSize V, the number of token ids
 * @param hiddenSize E, the size of a token's vector
 * @param intermediateSize I, the width of an expert
 * @param numHiddenLayers the number of layers
 * @param numAttentionHeads H, query heads
 * @param numKeyValueHeads G, key/value heads, a divisor of H
 * @param headDim D, even
 * @param numExperts experts a layer
 * @param numExpertsPerTok experts that compute a token, at most numExperts
 * @param normTopkProb whether the chosen experts' weights are divided by their sum
 * @param rmsNormEps what RMSNorm adds to the mean square
 * @param ropeTheta the base of the rotary frequencies
 * @param clipQkv the limit to which queries, keys and values are clamped, or null for none
 * @param attentionBias whether the attention projections have a bias
 * @param attentionDropout the probability of dropping an attention weight in training
 * @param tieWordEmbeddings whether the output embedding is the input embedding
 * @param initializerRange the standard deviation of new weights
 * @param routerAuxLossCoef the weight of the load-balancing loss
 * @param routerZLossCoef the weight of the router z-loss; 0 in Hugging Face; our key {@code router_z_loss_coef}
 * @param maxPositionEmbeddings the longest sequence
 * @param bosTokenId the id that begins a text, or null
 * @param eosTokenIds the ids that end a text, or none
 * @param padTokenId the id that fills, from the vocabulary's end where it is negative, or null
 * @param patterns which keys a head sees, layer by layer; our key {@code attention_pattern}
 * @param layoutLength the length from which bands are computed; our key {@code layout_length}
 */
public record OlmoeConfig(int vocabSize, int hiddenSize, int intermediateSize, int numHiddenLayers,
        int numAttentionHeads, int numKeyValueHeads, int headDim, int numExperts, int numExpertsPerTok,
        boolean normTopkProb, float rmsNormEps, double ropeTheta, Float clipQkv, boolean attentionBias,
        float attentionDropout, boolean tieWordEmbeddings, float initializerRange, double routerAuxLossCoef,
        double routerZLossCoef, int maxPositionEmbeddings, Integer bosTokenId,
        List<Integer> eosTokenIds, Integer padTokenId,
        LayerPatterns patterns, LayoutLength layoutLength) {

    private static final long MOST_PARAMETERS = 1L << 53;

    /** Checks the values. */
    public OlmoeConfig {
        positive("vocab_size", vocabSize);
        positive("hidden_size", hiddenSize);
        positive("intermediate_size", intermediateSize);
        positive("num_hidden_layers", numHiddenLayers);
        positive("num_attention_heads", numAttentionHeads);
        positive("num_key_value_heads", numKeyValueHeads);
        positive("num_experts", numExperts);
        positive("num_experts_per_tok", numExpertsPerTok);
        positive("max_position_embeddings", maxPositionEmbeddings);
        check(numAttentionHeads % numKeyValueHeads == 0, "num_key_value_heads must divide num_attention_heads (got "
                + numKeyValueHeads + " for " + numAttentionHeads + " heads)");
        check(headDim > 0 && headDim % 2 == 0, "the head dimension must be even and at least 2 (got " + headDim + ")");
        check(numExpertsPerTok <= numExperts, "num_experts_per_tok must not exceed num_experts (got " + numExpertsPerTok
                + " of " + numExperts + ")");
        check(rmsNormEps > 0 && Float.isFinite(rmsNormEps), "rms_norm_eps must be positive and finite (got " + rmsNormEps + ")");
        check(ropeTheta > 0 && Double.isFinite(ropeTheta), "rope_theta must be positive and finite (got " + ropeTheta + ")");
        check(clipQkv == null || clipQkv > 0 && Float.isFinite(clipQkv),
                "clip_qkv must be positive and finite, or absent (got " + clipQkv + ")");
        check(attentionDropout >= 0 && attentionDropout < 1,
                "attention_dropout must lie in [0, 1) (got " + attentionDropout + ")");
        check(initializerRange >= 0 && Float.isFinite(initializerRange), "initializer_range must be at least 0 and finite (got " + initializerRange + ")");
        check(routerAuxLossCoef >= 0 && Double.isFinite(routerAuxLossCoef),
                "router_aux_loss_coef must be at least 0 and finite (got " + routerAuxLossCoef + ")");
        check(routerZLossCoef >= 0 && Double.isFinite(routerZLossCoef),
                "router_z_loss_coef must be at least 0 and finite (got " + routerZLossCoef + ")");
        eosTokenIds = List.copyOf(eosTokenIds);
        tokenId("bos_token_id", bosTokenId, vocabSize);
        for (Integer id : eosTokenIds) {
            tokenId("eos_token_id", id, vocabSize);
        }
        check(padTokenId == null || padTokenId >= -vocabSize && padTokenId < vocabSize,
                "pad_token_id must lie in [-vocab_size, vocab_size), vocab_size = " + vocabSize + " (got " + padTokenId + ")");
        check(patterns != null, "attention_pattern must be set");
        check(patterns.cycle().size() <= numHiddenLayers, "attention_pattern must not list more patterns than there are layers (got "
                + patterns.cycle().size() + " for num_hidden_layers " + numHiddenLayers + ")");
        check(layoutLength != null, "layout_length must be set");
        check(numKeyValueHeads == numAttentionHeads || patterns.cycle().stream().noneMatch(LshSettings.class::isInstance),
                "attention_pattern lsh shares queries and keys, so that num_key_value_heads must be num_attention_heads (got "
                + numKeyValueHeads + " for " + numAttentionHeads + " heads)");
    }

    private static void positive(String name, int value) {
        check(value > 0, name + " must be at least 1 (got " + value + ")");
    }

    private static void tokenId(String name, Integer id, int vocabSize) {
        check(id == null || id >= 0 && id < vocabSize,
                name + " must lie in [0, vocab_size = " + vocabSize + ") (got " + id + ")");
    }

    private static void check(boolean holds, String message) {
        if (!holds) {
            throw new InvalidInputException(message);
        }
    }

    /**
     * Starts a configuration with Hugging Face's defaults.
     *
     * @return a builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * The token whose vector starts at zero and learns nothing from the input, as {@code padding_idx} of transformers'
     * embedding: PyTorch counts a negative one from the end.
     *
     * @return the id, in [0, V); -1 for none
     */
    public int paddingIndex() {
        return padTokenId == null ? -1 : Math.floorMod(padTokenId, vocabSize);
    }

    /**
     * The same model with another attention, the same in all layers.
     *
     * @param newPattern which keys a head sees
     * @param newLayoutLength the length from which bands are computed
     * @return the changed configuration
     */
    public OlmoeConfig withAttention(AttentionPattern newPattern, LayoutLength newLayoutLength) {
        return withAttention(LayerPatterns.all(newPattern), newLayoutLength);
    }

    /**
     * The same model with another attention.
     *
     * @param newPatterns which keys a head sees, layer by layer
     * @param newLayoutLength the length from which bands are computed
     * @return the changed configuration
     */
    public OlmoeConfig withAttention(LayerPatterns newPatterns, LayoutLength newLayoutLength) {
        return new OlmoeConfig(vocabSize, hiddenSize, intermediateSize, numHiddenLayers, numAttentionHeads,
                numKeyValueHeads, headDim, numExperts, numExpertsPerTok, normTopkProb, rmsNormEps, ropeTheta, clipQkv,
                attentionBias, attentionDropout, tieWordEmbeddings, initializerRange, routerAuxLossCoef,
                routerZLossCoef, maxPositionEmbeddings, bosTokenId, eosTokenIds, padTokenId, newPatterns, newLayoutLength);
    }

    /**
     * The same model without dropout, for gradients that do not depend on chance.
     *
     * @return the changed configuration
     */
    public OlmoeConfig withoutDropout() {
        return new OlmoeConfig(vocabSize, hiddenSize, intermediateSize, numHiddenLayers, numAttentionHeads,
                numKeyValueHeads, headDim, numExperts, numExpertsPerTok, normTopkProb, rmsNormEps, ropeTheta, clipQkv,
                attentionBias, 0, tieWordEmbeddings, initializerRange, routerAuxLossCoef, routerZLossCoef,
                maxPositionEmbeddings, bosTokenId, eosTokenIds, padTokenId, patterns, layoutLength);
    }

    /**
     * The shapes of all tensors of a model file, under Hugging Face's names, the experts one by one.
     *
     * @return shapes by name, in the order of the layers
     */
    public Map<String, long[]> tensorShapes() {
        Map<String, long[]> shapes = new LinkedHashMap<>();
        long hidden = hiddenSize;
        long queries = (long) numAttentionHeads * headDim;
        long keys = (long) numKeyValueHeads * headDim;
        shapes.put("model.embed_tokens.weight", new long[] {vocabSize, hidden});
        for (int layer = 0; layer < numHiddenLayers; layer++) {
            String prefix = "model.layers." + layer + ".";
            projection(shapes, prefix + "self_attn.q_proj", queries, hidden);
            if (hasKeys(layer)) {
                projection(shapes, prefix + "self_attn.k_proj", keys, hidden);
            }
            projection(shapes, prefix + "self_attn.v_proj", keys, hidden);
            projection(shapes, prefix + "self_attn.o_proj", hidden, queries);
            shapes.put(prefix + "self_attn.q_norm.weight", new long[] {queries});
            if (hasKeys(layer)) {
                shapes.put(prefix + "self_attn.k_norm.weight", new long[] {keys});
            }
            shapes.put(prefix + "mlp.gate.weight", new long[] {numExperts, hidden});
            for (int expert = 0; expert < numExperts; expert++) {
                String of = prefix + "mlp.experts." + expert + ".";
                shapes.put(of + "gate_proj.weight", new long[] {intermediateSize, hidden});
                shapes.put(of + "up_proj.weight", new long[] {intermediateSize, hidden});
                shapes.put(of + "down_proj.weight", new long[] {hidden, intermediateSize});
            }
            shapes.put(prefix + "input_layernorm.weight", new long[] {hidden});
            shapes.put(prefix + "post_attention_layernorm.weight", new long[] {hidden});
        }
        shapes.put("model.norm.weight", new long[] {hidden});
        if (!tieWordEmbeddings) {
            shapes.put("lm_head.weight", new long[] {vocabSize, hidden});
        }
        return shapes;
    }

    /**
     * Whether a layer has keys of its own, with a projection and a norm; those of lsh attention are the queries.
     *
     * @param layer from 0
     * @return true unless the layer's attention is lsh
     */
    public boolean hasKeys(int layer) {
        return !(patterns.of(layer) instanceof LshSettings);
    }

    /**
     * Whether in some layer what a token sees depends on other tokens than their positions say, so that sequences are read as a whole.
     *
     * @return true if a layer's attention is lsh
     */
    public boolean dependsOnData() {
        return patterns.cycle().stream().anyMatch(AttentionPattern::dependsOnData);
    }

    /**
     * The rules by which the heads of all layers see in a sequence.
     *
     * @param length N, at least 1
     * @return something that is equal for two lengths if the rules are the same
     */
    public List<Object> sight(int length) {
        List<Object> rules = new ArrayList<>();
        for (AttentionPattern pattern : patterns.distinct()) {
            rules.add(pattern.dependsOnData() ? layoutLength.resolve(length)
                    : new AttentionLayout(pattern, layoutLength).headMasks(numAttentionHeads, length));
        }
        return rules;
    }

    /** How many layers have keys of their own. */
    long layersWithKeys() {
        return IntStream.range(0, numHiddenLayers).filter(this::hasKeys).count();
    }

    private void projection(Map<String, long[]> shapes, String name, long out, long in) {
        shapes.put(name + ".weight", new long[] {out, in});
        if (attentionBias) {
            shapes.put(name + ".bias", new long[] {out});
        }
    }

    /**
     * The number of parameters.
     *
     * @return all parameters, embeddings included
     * @throws InvalidInputException if they are more than 2^53, so that what is computed from them stays exact, too
     */
    public long totalParams() {
        long queries = (long) numAttentionHeads * headDim;
        long keys = (long) numKeyValueHeads * headDim;
        try {
            long attention = add(multiply(hiddenSize, multiply(2, add(queries, keys))), add(queries, keys));
            if (attentionBias) {
                attention = add(attention, add(queries, add(multiply(2, keys), hiddenSize)));
            }
            long experts = multiply(numExperts, add(hiddenSize, expertParams()));
            long layers = multiply(numHiddenLayers, add(add(attention, experts), 2L * hiddenSize));
            layers -= (numHiddenLayers - layersWithKeys()) * (hiddenSize * keys + keys + (attentionBias ? keys : 0));
            long total = add(add(layers, hiddenSize), multiply(tieWordEmbeddings ? 1 : 2, (long) vocabSize * hiddenSize));
            if (total <= MOST_PARAMETERS) {
                return total;
            }
        } catch (ArithmeticException e) {
            // as below
        }
        throw new InvalidInputException("vocab_size, hidden_size, intermediate_size, num_hidden_layers, num_attention_heads,"
                + " head_dim and num_experts together give more than " + MOST_PARAMETERS + " parameters: lower them");
    }

    /**
     * The number of parameters that take part in computing one token: all but the experts that it does not use.
     *
     * @return active parameters, embeddings included
     * @throws InvalidInputException if all of them are more than 2^53
     */
    public long activeParams() {
        return totalParams() - (long) numHiddenLayers * (numExperts - numExpertsPerTok) * expertParams();
    }

    private long expertParams() {
        return multiply(3, (long) hiddenSize * intermediateSize);
    }

    private static long add(long a, long b) {
        return Math.addExact(a, b);
    }

    private static long multiply(long a, long b) {
        return Math.multiplyExact(a, b);
    }

    /** Builds an {@link OlmoeConfig}; the sizes must be set, the rest starts with Hugging Face's defaults. */
    public static final class Builder {

        private int vocabSize;
        private int hiddenSize;
        private int intermediateSize;
        private int numHiddenLayers;
        private int numAttentionHeads;
        private int numKeyValueHeads;
        private int headDim;
        private int numExperts;
        private int numExpertsPerTok;
        private boolean normTopkProb;
        private float rmsNormEps = 1e-5f;
        private double ropeTheta = 10_000;
        private Float clipQkv;
        private boolean attentionBias;
        private float attentionDropout;
        private boolean tieWordEmbeddings;
        private float initializerRange = 0.02f;
        private double routerAuxLossCoef = 0.01;
        private double routerZLossCoef;
        private int maxPositionEmbeddings;
        private Integer bosTokenId;
        private List<Integer> eosTokenIds = List.of();
        private Integer padTokenId;
        private LayerPatterns patterns = LayerPatterns.all(StandardPattern.CAUSAL);
        private LayoutLength layoutLength = LayoutLength.SEQUENCE;

        private Builder() {}

        /**
         * Sets the number of token ids. Required.
         *
         * @param value V
         * @return this builder
         */
        public Builder setVocabSize(int value) {
            vocabSize = value;
            return this;
        }

        /**
         * Sets the size of a token's vector. Required.
         *
         * @param value E
         * @return this builder
         */
        public Builder setHiddenSize(int value) {
            hiddenSize = value;
            return this;
        }

        /**
         * Sets the width of an expert. Required.
         *
         * @param value I
         * @return this builder
         */
        public Builder setIntermediateSize(int value) {
            intermediateSize = value;
            return this;
        }

        /**
         * Sets the number of layers. Required.
         *
         * @param value the number
         * @return this builder
         */
        public Builder setNumHiddenLayers(int value) {
            numHiddenLayers = value;
            return this;
        }

        /**
         * Sets the number of query heads. Required.
         *
         * @param value H
         * @return this builder
         */
        public Builder setNumAttentionHeads(int value) {
            numAttentionHeads = value;
            return this;
        }

        /**
         * Sets the number of experts of a layer. Required.
         *
         * @param value the number
         * @return this builder
         */
        public Builder setNumExperts(int value) {
            numExperts = value;
            return this;
        }

        /**
         * Sets the number of experts that compute a token. Required.
         *
         * @param value the number
         * @return this builder
         */
        public Builder setNumExpertsPerTok(int value) {
            numExpertsPerTok = value;
            return this;
        }

        /**
         * Sets the longest sequence. Required.
         *
         * @param value the number of positions
         * @return this builder
         */
        public Builder setMaxPositionEmbeddings(int value) {
            maxPositionEmbeddings = value;
            return this;
        }

        /**
         * Sets the number of key/value heads. Default: as many as query heads.
         *
         * @param value G
         * @return this builder
         */
        public Builder optNumKeyValueHeads(int value) {
            positive("num_key_value_heads", value);
            numKeyValueHeads = value;
            return this;
        }

        /**
         * Sets the head dimension. Default: the hidden size divided by the heads.
         *
         * @param value D
         * @return this builder
         */
        public Builder optHeadDim(int value) {
            positive("head_dim", value);
            headDim = value;
            return this;
        }

        /**
         * Sets whether the chosen experts' weights are divided by their sum. Default: no.
         *
         * @param value whether to
         * @return this builder
         */
        public Builder optNormTopkProb(boolean value) {
            normTopkProb = value;
            return this;
        }

        /**
         * Sets what RMSNorm adds to the mean square. Default: 1e-5.
         *
         * @param value the addend
         * @return this builder
         */
        public Builder optRmsNormEps(float value) {
            rmsNormEps = value;
            return this;
        }

        /**
         * Sets the base of the rotary frequencies. Default: 10,000.
         *
         * @param value the base
         * @return this builder
         */
        public Builder optRopeTheta(double value) {
            ropeTheta = value;
            return this;
        }

        /**
         * Sets the limit of queries, keys and values. Default: none.
         *
         * @param value the limit, or null for none
         * @return this builder
         */
        public Builder optClipQkv(Float value) {
            clipQkv = value;
            return this;
        }

        /**
         * Sets whether the attention projections have a bias. Default: no.
         *
         * @param value whether they have
         * @return this builder
         */
        public Builder optAttentionBias(boolean value) {
            attentionBias = value;
            return this;
        }

        /**
         * Sets the probability of dropping an attention weight in training. Default: 0.
         *
         * @param value in [0, 1)
         * @return this builder
         */
        public Builder optAttentionDropout(float value) {
            attentionDropout = value;
            return this;
        }

        /**
         * Sets whether the output embedding is the input embedding. Default: no.
         *
         * @param value whether it is
         * @return this builder
         */
        public Builder optTieWordEmbeddings(boolean value) {
            tieWordEmbeddings = value;
            return this;
        }

        /**
         * Sets the standard deviation of new weights. Default: 0.02.
         *
         * @param value the deviation
         * @return this builder
         */
        public Builder optInitializerRange(float value) {
            initializerRange = value;
            return this;
        }

        /**
         * Sets the weight of the load-balancing loss. Default: 0.01.
         *
         * @param value the weight
         * @return this builder
         */
        public Builder optRouterAuxLossCoef(double value) {
            routerAuxLossCoef = value;
            return this;
        }

        /**
         * Sets the weight of the router z-loss. Default: 0.
         *
         * @param value the weight
         * @return this builder
         */
        public Builder optRouterZLossCoef(double value) {
            routerZLossCoef = value;
            return this;
        }

        /**
         * Sets the id that begins a text. Default: none.
         *
         * @param value the id or null
         * @return this builder
         */
        public Builder optBosTokenId(Integer value) {
            bosTokenId = value;
            return this;
        }

        /**
         * Sets the ids that end a text. Default: none.
         *
         * @param value the ids
         * @return this builder
         */
        public Builder optEosTokenIds(List<Integer> value) {
            eosTokenIds = value;
            return this;
        }

        /**
         * Sets the id that fills: its vector starts at zero and learns nothing from the input. Default: none.
         *
         * @param value the id or null
         * @return this builder
         */
        public Builder optPadTokenId(Integer value) {
            padTokenId = value;
            return this;
        }

        /**
         * Sets which keys a head sees in every layer. Default: dense causal attention.
         *
         * @param value the pattern
         * @return this builder
         */
        public Builder optPattern(AttentionPattern value) {
            return optPatterns(LayerPatterns.all(value));
        }

        /**
         * Sets which keys a head sees, layer by layer. Default: dense causal attention.
         *
         * @param value the layers' patterns
         * @return this builder
         */
        public Builder optPatterns(LayerPatterns value) {
            patterns = value;
            return this;
        }

        /**
         * Sets the length from which bands are computed. Default: the sequence at hand.
         *
         * @param value the layout length
         * @return this builder
         */
        public Builder optLayoutLength(LayoutLength value) {
            layoutLength = value;
            return this;
        }

        /**
         * Builds the configuration.
         *
         * @return the configuration
         * @throws InvalidInputException if a size is missing or the values do not fit
         */
        public OlmoeConfig build() {
            positive("hidden_size", hiddenSize);
            positive("num_attention_heads", numAttentionHeads);
            int dim = headDim;
            if (dim == 0) {
                check(hiddenSize % numAttentionHeads == 0, "num_attention_heads must divide hidden_size (got "
                        + numAttentionHeads + " heads for hidden size " + hiddenSize + ")");
                dim = hiddenSize / numAttentionHeads;
            }
            return new OlmoeConfig(vocabSize, hiddenSize, intermediateSize, numHiddenLayers, numAttentionHeads,
                    numKeyValueHeads == 0 ? numAttentionHeads : numKeyValueHeads, dim, numExperts, numExpertsPerTok,
                    normTopkProb, rmsNormEps, ropeTheta, clipQkv, attentionBias, attentionDropout, tieWordEmbeddings,
                    initializerRange, routerAuxLossCoef, routerZLossCoef, maxPositionEmbeddings, bosTokenId, eosTokenIds,
                    padTokenId, patterns, layoutLength);
        }
    }
}
