package ai.spattention.olmoe.config;

import ai.spattention.attention.AttentionLayout;
import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.keys.InvalidKeyException;
import ai.spattention.olmoe.keys.Key;
import ai.spattention.olmoe.keys.Range;
import ai.spattention.olmoe.keys.RecordKey;
import ai.spattention.olmoe.keys.RecordKeys;
import ai.spattention.pattern.AttentionPattern;
import ai.spattention.pattern.LayoutLength;
import ai.spattention.pattern.LshSettings;
import ai.spattention.pattern.Patterns;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * The sizes and settings of an OLMoE model, named as in Hugging Face's {@code OlmoeConfig}: the model of a {@code config.json} and of a
 * run's configuration. A component's {@link Key} and {@link Range} say all that readers, writers and documents need to know of it, so that
 * a new hyperparameter is a new component here, also named in the constructor's check.
 */
public record OlmoeConfig(
        @Key(meaning = "tokens of the vocabulary, V")
        @Range(min = 1) int vocabSize,
        @Key(meaning = "size of a token's vector, C")
        @Range(min = 1) int hiddenSize,
        @Key(meaning = "width of an expert, I")
        @Range(min = 1) int intermediateSize,
        @Key(meaning = "layers, L")
        @Range(min = 1) int numHiddenLayers,
        @Key(meaning = "query heads, H")
        @Range(min = 1) int numAttentionHeads,
        @Key(meaning = "key and value heads, G", follows = "num_attention_heads", allowed = "at least 1, a divisor of num_attention_heads")
        @Range(min = 1) int numKeyValueHeads,
        @Key(meaning = "size of a head's queries, keys and values, D", follows = "hidden_size / num_attention_heads",
                allowed = "at least 2, even") int headDim,
        @Key(meaning = "experts of a layer, E")
        @Range(min = 1) int numExperts,
        @Key(meaning = "experts that compute a token, K", allowed = "at least 1, at most num_experts")
        @Range(min = 1) int numExpertsPerTok,
        @Key(meaning = "whether the weights of a token's experts are made to add up to 1", defaultValue = "false") boolean normTopkProb,
        @Key(meaning = "what RMSNorm adds to the mean square", defaultValue = "1.0e-5")
        @Range(min = 0, minExcluded = true) float rmsNormEps,
        @Key(meaning = "base of the rotary embedding's frequencies", defaultValue = "10000")
        @Range(min = 0, minExcluded = true) double ropeTheta,
        @Key(meaning = "what queries, keys and values are clamped to (plus and minus this); null for no clamping", defaultValue = "null")
        @Range(min = 0, minExcluded = true) Float clipQkv,
        @Key(meaning = "whether the attention's projections have a bias", defaultValue = "false") boolean attentionBias,
        @Key(meaning = "probability of dropping an attention weight in training", defaultValue = "0")
        @Range(min = 0, max = 1, maxExcluded = true) float attentionDropout,
        @Key(meaning = "whether the output embedding is the input embedding", defaultValue = "false") boolean tieWordEmbeddings,
        @Key(meaning = "standard deviation of new weights", defaultValue = "0.02")
        @Range(min = 0) float initializerRange,
        @Key(meaning = "weight of the load-balancing loss", defaultValue = "0.01")
        @Range(min = 0) double routerAuxLossCoef,
        @Key(meaning = "weight of the router's z-loss; a key of this project's, 0 in Hugging Face", defaultValue = "0")
        @Range(min = 0) double routerZLossCoef,
        @Key(meaning = "longest sequence", unit = "tokens")
        @Range(min = 1) int maxPositionEmbeddings,
        @Key(meaning = "id that begins a text; null for none", defaultValue = "null", allowed = "a token id, or null") Integer bosTokenId,
        @Key(meaning = "ids that end a text", name = "eos_token_id", defaultValue = "[]", allowed = "token ids") List<Integer> eosTokenIds,
        @Key(meaning = "id that fills, from the vocabulary's end where it is negative: its vector starts at zero and learns nothing from"
                + " the input; null for none", defaultValue = "null", allowed = "a token id, or null") Integer padTokenId,
        @Key(meaning = "which keys a head sees: one pattern for all layers, or several that repeat over them; a key of this project's",
                name = "attention_pattern", defaultValue = "causal") LayerPatterns patterns,
        @Key(meaning = "length from which the heads' bands are computed, or sequence for that of the sequence at hand; a key of this"
                + " project's", unit = "tokens", defaultValue = "sequence") LayoutLength layoutLength) {

    private static final RecordKeys<OlmoeConfig> KEYS = RecordKeys.of(OlmoeConfig.class);
    private static final long MOST_PARAMETERS = 1L << 53;

    /**
     * Checks the values.
     *
     * @throws InvalidKeyException if a value is out of range or contradicts another
     */
    public OlmoeConfig {
        KEYS.check("", vocabSize, hiddenSize, intermediateSize, numHiddenLayers, numAttentionHeads, numKeyValueHeads, headDim, numExperts,
                numExpertsPerTok, normTopkProb, rmsNormEps, ropeTheta, clipQkv, attentionBias, attentionDropout, tieWordEmbeddings,
                initializerRange, routerAuxLossCoef, routerZLossCoef, maxPositionEmbeddings, bosTokenId, eosTokenIds, padTokenId, patterns,
                layoutLength);
        check(numAttentionHeads % numKeyValueHeads == 0, "{num_key_value_heads} must divide {num_attention_heads} (got "
                + numKeyValueHeads + " for " + numAttentionHeads + " heads)", "num_key_value_heads", "num_attention_heads");
        check(headDim > 0 && headDim % 2 == 0, "the head dimension must be even and at least 2 (got " + headDim + ")",
                "head_dim", "hidden_size", "num_attention_heads");
        check(numExpertsPerTok <= numExperts, "{num_experts_per_tok} must not exceed {num_experts} (got " + numExpertsPerTok
                + " of " + numExperts + ")", "num_experts_per_tok", "num_experts");
        eosTokenIds = List.copyOf(eosTokenIds);
        tokenId("bos_token_id", bosTokenId, vocabSize);
        for (Integer id : eosTokenIds) {
            tokenId("eos_token_id", id, vocabSize);
        }
        check(padTokenId == null || padTokenId >= -vocabSize && padTokenId < vocabSize,
                "{pad_token_id} must lie in [-vocab_size, vocab_size), vocab_size = " + vocabSize + " (got " + padTokenId + ")", "pad_token_id");
        check(patterns != null, "{attention_pattern} must be set", "attention_pattern");
        check(patterns.cycle().size() <= numHiddenLayers, "{attention_pattern} must not list more patterns than there are layers (got "
                + patterns.cycle().size() + " for {num_hidden_layers} " + numHiddenLayers + ")", "attention_pattern", "num_hidden_layers");
        check(layoutLength != null, "{layout_length} must be set", "layout_length");
        check(numKeyValueHeads == numAttentionHeads || patterns.cycle().stream().noneMatch(LshSettings.class::isInstance),
                "{attention_pattern} lsh shares queries and keys, so that {num_key_value_heads} must be {num_attention_heads} (got "
                + numKeyValueHeads + " for " + numAttentionHeads + " heads)",
                "attention_pattern", "num_key_value_heads", "num_attention_heads");
    }

    private static void tokenId(String name, Integer id, int vocabSize) {
        check(id == null || id >= 0 && id < vocabSize,
                "{" + name + "} must lie in [0, vocab_size = " + vocabSize + ") (got " + id + ")", name);
    }

    private static void check(boolean holds, String message, String... keys) {
        if (!holds) {
            throw new InvalidKeyException(message, keys);
        }
    }

    /**
     * The keys of a model.
     *
     * @return the keys, by Hugging Face's names
     */
    public static RecordKeys<OlmoeConfig> keys() {
        return KEYS;
    }

    /**
     * Starts a configuration with Hugging Face's defaults.
     *
     * @return a builder
     */
    public static Builder builder() {
        return new Builder(Builder.DEFAULTS);
    }

    /**
     * Starts from this configuration. What was computed from other values, as the head dimension, stays as it is.
     *
     * @return a builder that has all values of this configuration
     */
    public Builder toBuilder() {
        return new Builder(KEYS.values(this));
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
        return toBuilder().optPatterns(newPatterns).optLayoutLength(newLayoutLength).build();
    }

    /**
     * The same model without dropout, for gradients that do not depend on chance.
     *
     * @return the changed configuration
     */
    public OlmoeConfig withoutDropout() {
        return toBuilder().optAttentionDropout(0).build();
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

        private static final Map<String, Object> DEFAULTS = defaults();

        private final Map<String, Object> values;

        private Builder(Map<String, Object> values) {
            this.values = new HashMap<>(values);
        }

        private static Map<String, Object> defaults() {
            Map<String, Object> defaults = new HashMap<>();
            for (RecordKey key : KEYS.keys()) {
                key.defaultValue().ifPresent(text -> defaults.put(key.component().getName(), valueOf(text, key.type())));
            }
            return defaults;
        }

        private static Object valueOf(String text, Class<?> type) {
            if (type == LayerPatterns.class) {
                return LayerPatterns.parse(text, Patterns.standard());
            }
            if (type == LayoutLength.class) {
                return LayoutLength.parse(text);
            }
            try {
                return new ObjectMapper().readValue(text, type);
            } catch (JsonProcessingException e) {
                throw new IllegalStateException(text + " cannot be the default of a " + type.getSimpleName(), e);
            }
        }

        /**
         * Sets the number of token ids. Required.
         *
         * @param value V
         * @return this builder
         */
        public Builder setVocabSize(int value) {
            return with("vocabSize", value);
        }

        /**
         * Sets the size of a token's vector. Required.
         *
         * @param value E
         * @return this builder
         */
        public Builder setHiddenSize(int value) {
            return with("hiddenSize", value);
        }

        /**
         * Sets the width of an expert. Required.
         *
         * @param value I
         * @return this builder
         */
        public Builder setIntermediateSize(int value) {
            return with("intermediateSize", value);
        }

        /**
         * Sets the number of layers. Required.
         *
         * @param value the number
         * @return this builder
         */
        public Builder setNumHiddenLayers(int value) {
            return with("numHiddenLayers", value);
        }

        /**
         * Sets the number of query heads. Required.
         *
         * @param value H
         * @return this builder
         */
        public Builder setNumAttentionHeads(int value) {
            return with("numAttentionHeads", value);
        }

        /**
         * Sets the number of experts of a layer. Required.
         *
         * @param value the number
         * @return this builder
         */
        public Builder setNumExperts(int value) {
            return with("numExperts", value);
        }

        /**
         * Sets the number of experts that compute a token. Required.
         *
         * @param value the number
         * @return this builder
         */
        public Builder setNumExpertsPerTok(int value) {
            return with("numExpertsPerTok", value);
        }

        /**
         * Sets the longest sequence. Required.
         *
         * @param value the number of positions
         * @return this builder
         */
        public Builder setMaxPositionEmbeddings(int value) {
            return with("maxPositionEmbeddings", value);
        }

        /**
         * Sets the number of key/value heads. Default: as many as query heads.
         *
         * @param value G
         * @return this builder
         */
        public Builder optNumKeyValueHeads(int value) {
            return with("numKeyValueHeads", value);
        }

        /**
         * Sets the head dimension. Default: the hidden size divided by the heads.
         *
         * @param value D
         * @return this builder
         */
        public Builder optHeadDim(int value) {
            return with("headDim", value);
        }

        /**
         * Sets whether the chosen experts' weights are divided by their sum. Default: no.
         *
         * @param value whether to
         * @return this builder
         */
        public Builder optNormTopkProb(boolean value) {
            return with("normTopkProb", value);
        }

        /**
         * Sets what RMSNorm adds to the mean square. Default: 1e-5.
         *
         * @param value the addend
         * @return this builder
         */
        public Builder optRmsNormEps(float value) {
            return with("rmsNormEps", value);
        }

        /**
         * Sets the base of the rotary frequencies. Default: 10,000.
         *
         * @param value the base
         * @return this builder
         */
        public Builder optRopeTheta(double value) {
            return with("ropeTheta", value);
        }

        /**
         * Sets the limit of queries, keys and values. Default: none.
         *
         * @param value the limit, or null for none
         * @return this builder
         */
        public Builder optClipQkv(Float value) {
            return with("clipQkv", value);
        }

        /**
         * Sets whether the attention projections have a bias. Default: no.
         *
         * @param value whether they have
         * @return this builder
         */
        public Builder optAttentionBias(boolean value) {
            return with("attentionBias", value);
        }

        /**
         * Sets the probability of dropping an attention weight in training. Default: 0.
         *
         * @param value in [0, 1)
         * @return this builder
         */
        public Builder optAttentionDropout(float value) {
            return with("attentionDropout", value);
        }

        /**
         * Sets whether the output embedding is the input embedding. Default: no.
         *
         * @param value whether it is
         * @return this builder
         */
        public Builder optTieWordEmbeddings(boolean value) {
            return with("tieWordEmbeddings", value);
        }

        /**
         * Sets the standard deviation of new weights. Default: 0.02.
         *
         * @param value the deviation
         * @return this builder
         */
        public Builder optInitializerRange(float value) {
            return with("initializerRange", value);
        }

        /**
         * Sets the weight of the load-balancing loss. Default: 0.01.
         *
         * @param value the weight
         * @return this builder
         */
        public Builder optRouterAuxLossCoef(double value) {
            return with("routerAuxLossCoef", value);
        }

        /**
         * Sets the weight of the router z-loss. Default: 0.
         *
         * @param value the weight
         * @return this builder
         */
        public Builder optRouterZLossCoef(double value) {
            return with("routerZLossCoef", value);
        }

        /**
         * Sets the id that begins a text. Default: none.
         *
         * @param value the id or null
         * @return this builder
         */
        public Builder optBosTokenId(Integer value) {
            return with("bosTokenId", value);
        }

        /**
         * Sets the ids that end a text. Default: none.
         *
         * @param value the ids
         * @return this builder
         */
        public Builder optEosTokenIds(List<Integer> value) {
            return with("eosTokenIds", value);
        }

        /**
         * Sets the id that fills: its vector starts at zero and learns nothing from the input. Default: none.
         *
         * @param value the id or null
         * @return this builder
         */
        public Builder optPadTokenId(Integer value) {
            return with("padTokenId", value);
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
            return with("patterns", value);
        }

        /**
         * Sets the length from which bands are computed. Default: the sequence at hand.
         *
         * @param value the layout length
         * @return this builder
         */
        public Builder optLayoutLength(LayoutLength value) {
            return with("layoutLength", value);
        }

        /**
         * Sets a value by its key, for what reads files.
         *
         * @param key one of {@link OlmoeConfig#keys}
         * @param value the value, of the key's type
         * @return this builder
         */
        public Builder set(RecordKey key, Object value) {
            return with(key.component().getName(), value);
        }

        private Builder with(String component, Object value) {
            values.put(component, value);
            return this;
        }

        /**
         * Builds the configuration.
         *
         * @return the configuration
         * @throws InvalidKeyException if a size is missing or the values do not fit
         */
        public OlmoeConfig build() {
            Map<String, Object> all = new HashMap<>(values);
            KEYS.keys().stream().filter(RecordKey::isRequired).forEach(key -> all.putIfAbsent(key.component().getName(), 0));
            int heads = (int) all.get("numAttentionHeads");
            all.putIfAbsent("numKeyValueHeads", heads);
            all.computeIfAbsent("headDim", name -> headDim((int) all.get("hiddenSize"), heads));
            return KEYS.create(all);
        }

        /** The default; 0 where one of the sizes is refused anyway. */
        private static int headDim(int hiddenSize, int heads) {
            if (hiddenSize < 1 || heads < 1) {
                return 0;
            }
            check(hiddenSize % heads == 0, "{num_attention_heads} must divide {hidden_size} (got "
                    + heads + " heads for hidden size " + hiddenSize + ")", "num_attention_heads", "hidden_size");
            return hiddenSize / heads;
        }
    }
}
