package ai.spattention.olmoe.generate;

import ai.djl.ndarray.NDManager;
import ai.djl.training.ParameterStore;
import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.model.OlmoeModel;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.function.LongConsumer;
import java.util.stream.Collectors;

/** Continues token sequences with a model. Not safe for use by several threads at once. */
public final class TextGenerator {

    private final OlmoeModel model;
    private final NDManager manager;
    private final ParameterStore parameterStore;
    private final GenerationOptions options;

    private TextGenerator(Builder builder) {
        model = builder.model;
        manager = builder.manager;
        parameterStore = new ParameterStore(manager, false);
        options = new GenerationOptions(builder.sampling, builder.maxNewTokens, builder.maxLength, builder.endTokens);
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
        return run((index, token) -> listener.accept(token), List.of(prompt)).get(0);
    }

    /**
     * Continues several sequences together, with one cache and no padding: each gets what it would get alone, up to the rounding
     * of float32, and with the same seed. All are read at the pace of the shortest that is open: while that one is continued, a
     * longer prompt's tokens go through the model one at a time, too. Prompts of similar length are fastest together.
     *
     * @param prompts the token ids to continue, at least one each; any lengths
     * @return the new tokens of each prompt, without the end token
     */
    public List<long[]> generate(List<long[]> prompts) {
        return run((index, token) -> { }, prompts);
    }

    private List<long[]> run(Generation.Listener listener, List<long[]> prompts) {
        try (Generation generation = new Generation(model, parameterStore, manager, options, prompts)) {
            while (!generation.isDone()) {
                generation.step(listener);
            }
            return generation.drawn();
        }
    }

    /** Builds a {@link TextGenerator}. */
    public static final class Builder {

        private OlmoeModel model;
        private NDManager manager;
        private Sampling sampling = Sampling.GREEDY;
        private int maxNewTokens = GenerationOptions.DEFAULT_MAX_NEW_TOKENS;
        private int maxLength = GenerationOptions.ANY_LENGTH;
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
         * Sets everything at once that the other methods set one by one, for example as a {@link GenerationRequest} has it.
         *
         * @param options sampling, numbers of tokens and end tokens
         * @return this builder
         */
        public Builder optOptions(GenerationOptions options) {
            sampling = options.sampling();
            maxNewTokens = options.maxNewTokens();
            maxLength = options.maxLength();
            endTokens = options.endTokens();
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
