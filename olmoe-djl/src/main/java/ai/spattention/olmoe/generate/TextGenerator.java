package ai.spattention.olmoe.generate;

import ai.djl.ndarray.NDManager;
import ai.djl.training.ParameterStore;
import ai.spattention.InvalidInputException;
import ai.spattention.olmoe.model.OlmoeModel;
import java.util.Arrays;
import java.util.Set;
import java.util.function.LongConsumer;
import java.util.stream.Collectors;

/** Continues token sequences with a model. Not safe for use by several threads at once. */
public final class TextGenerator {

    private final OlmoeModel model;
    private final NDManager manager;
    private final ParameterStore parameterStore;
    private final Sampling sampling;
    private final int maxNewTokens;
    private final Set<Long> endTokens;

    private TextGenerator(Builder builder) {
        model = builder.model;
        manager = builder.manager;
        parameterStore = new ParameterStore(manager, false);
        sampling = builder.sampling;
        maxNewTokens = builder.maxNewTokens;
        endTokens = builder.endTokens;
    }

    /**
     * Starts a generator.
     *
     * @return a builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * Continues a sequence until an end token, the wanted number of tokens or the model's maximum length comes.
     *
     * @param prompt the token ids to continue, at least one
     * @return the new tokens, without the end token
     */
    public long[] generate(long... prompt) {
        return generate(token -> { }, prompt);
    }

    /**
     * Continues a sequence until an end token, the wanted number of tokens or the model's maximum length comes.
     *
     * @param listener gets each new token as soon as it is drawn
     * @param prompt the token ids to continue, at least one
     * @return the new tokens, without the end token
     */
    public long[] generate(LongConsumer listener, long... prompt) {
        int limit = model.getConfig().maxPositionEmbeddings();
        if (prompt.length == 0 || prompt.length >= limit) {
            throw new InvalidInputException("a prompt must have from 1 to " + (limit - 1) + " tokens, one less than the"
                    + " model's maximum length (got " + prompt.length + ")");
        }
        model.requireTokenIds(prompt);
        int end = (int) Math.min(limit, prompt.length + (long) maxNewTokens);
        long[] tokens = prompt; // grows with what is drawn, not with what could be
        Sampler sampler = new Sampler(sampling);
        try (CachedDecoder decoder = new CachedDecoder(model, parameterStore, manager)) {
            for (int length = prompt.length; length < end; length++) {
                int token = sampler.draw(decoder.next(tokens, length));
                if (endTokens.contains((long) token)) {
                    return Arrays.copyOfRange(tokens, prompt.length, length);
                }
                if (length == tokens.length) {
                    tokens = Arrays.copyOf(tokens, (int) Math.min(end, length + Math.max(64L, length)));
                }
                tokens[length] = token;
                listener.accept(token);
            }
        }
        return Arrays.copyOfRange(tokens, prompt.length, end);
    }

    /** Builds a {@link TextGenerator}. */
    public static final class Builder {

        private OlmoeModel model;
        private NDManager manager;
        private Sampling sampling = Sampling.GREEDY;
        private int maxNewTokens = 128;
        private Set<Long> endTokens = Set.of();

        private Builder() {}

        /**
         * Sets the model. Required.
         *
         * @param model an initialised model
         * @param manager a manager on the device to compute on; it must stay open while the generator is used
         * @return this builder
         */
        public Builder setModel(OlmoeModel model, NDManager manager) {
            this.model = model;
            this.manager = manager;
            return this;
        }

        /**
         * Sets how tokens are drawn. Default: {@link Sampling#GREEDY}.
         *
         * @param sampling temperature, top-k, top-p and seed
         * @return this builder
         */
        public Builder optSampling(Sampling sampling) {
            this.sampling = sampling;
            return this;
        }

        /**
         * Sets how many tokens are drawn at most. Default: 128.
         *
         * @param maxNewTokens the number of tokens, at least 1
         * @return this builder
         */
        public Builder optMaxNewTokens(int maxNewTokens) {
            if (maxNewTokens < 1) {
                throw new InvalidInputException("the number of new tokens must be at least 1 (got " + maxNewTokens + ")");
            }
            this.maxNewTokens = maxNewTokens;
            return this;
        }

        /**
         * Sets the tokens that end a text. Default: none.
         *
         * @param endTokens their ids
         * @return this builder
         */
        public Builder optEndTokens(long... endTokens) {
            this.endTokens = Arrays.stream(endTokens).boxed().collect(Collectors.toUnmodifiableSet());
            return this;
        }

        /**
         * Builds the generator.
         *
         * @return the generator
         */
        public TextGenerator build() {
            if (model == null) {
                throw new InvalidInputException("a model must be set");
            }
            return new TextGenerator(this);
        }
    }
}
