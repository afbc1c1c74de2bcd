package ai.spattention.olmoe.generate;

import ai.djl.ndarray.NDManager;
import ai.djl.training.ParameterStore;
import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.model.OlmoeModel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Sequences that are continued together, with one cache. All are read to the same length at any time: while the shorter ones
 * are continued already, a longer prompt still gives its own tokens. So there is no padding, and each sequence meets the masks
 * that it would meet alone.
 */
final class Generation implements AutoCloseable {

    private final GenerationOptions options;
    private final CachedDecoder decoder;
    private final List<Sequence> sequences = new ArrayList<>();
    private List<Sequence> open;

    /** Gets tokens as they are drawn. */
    @FunctionalInterface
    interface Listener {

        /** Takes a new token of the prompt with that index. */
        void drawn(int prompt, long token);
    }

    private static final class Sequence {

        private final int index;
        private final int promptLength;
        private final int end;
        private final Sampler sampler;
        private long[] tokens; // grows with what is drawn, not with what could be
        private int length;
        private boolean closed;

        Sequence(int index, long[] prompt, int end, Sampling sampling) {
            this.index = index;
            this.end = end;
            tokens = prompt;
            promptLength = prompt.length;
            length = prompt.length;
            sampler = new Sampler(sampling); // its own, so that a seed gives the same text whatever is beside it
        }

        void add(long token) {
            if (length == tokens.length) {
                tokens = Arrays.copyOf(tokens, (int) Math.min(end, length + Math.max(64L, length)));
            }
            tokens[length++] = token;
            closed = length == end;
        }
    }

    /**
     * Starts.
     *
     * @param model an initialised model
     * @param parameterStore where the weights come from
     * @param manager a manager on the device to compute on
     * @param options sampling, numbers of tokens and end tokens
     * @param prompts token ids, each at least one
     */
    Generation(OlmoeModel model, ParameterStore parameterStore, NDManager manager, GenerationOptions options,
            List<long[]> prompts) {
        this.options = options;
        int limit = model.getConfig().maxPositionEmbeddings();
        for (long[] prompt : prompts) {
            if (prompt.length == 0 || prompt.length >= limit) {
                throw new InvalidInputException("a prompt must have from 1 to " + (limit - 1) + " tokens, one less than the"
                        + " model's maximum length (got " + prompt.length + ")");
            }
            if (prompt.length >= options.maxLength()) {
                throw new InvalidInputException("the prompt has " + prompt.length + " tokens, and prompt and new tokens together may"
                        + " have " + options.maxLength() + " (max_length of generation_config.json): ask for a number of new tokens");
            }
            model.requireTokenIds(prompt);
            int end = (int) Math.min(Math.min(limit, options.maxLength()), prompt.length + (long) options.maxNewTokens());
            sequences.add(new Sequence(sequences.size(), prompt, end, options.sampling()));
        }
        open = List.copyOf(sequences);
        decoder = new CachedDecoder(model, parameterStore, manager);
    }

    /** Whether each sequence has come to an end token, the wanted number of tokens or the model's maximum length. */
    boolean isDone() {
        return open.isEmpty();
    }

    /** Draws the next token of the shortest sequences. */
    void step(Listener listener) {
        int length = open.stream().mapToInt(sequence -> sequence.length).min().orElseThrow();
        float[][] logits = decoder.next(open.stream().map(sequence -> sequence.tokens).toList(), length);
        for (int row = 0; row < logits.length; row++) {
            Sequence sequence = open.get(row);
            if (sequence.length == length) {
                long token = sequence.sampler.draw(logits[row]);
                if (options.endTokens().contains(token)) {
                    sequence.closed = true;
                } else {
                    sequence.add(token);
                    listener.drawn(sequence.index, token);
                }
            }
        }
        int[] going = IntStream.range(0, open.size()).filter(row -> !open.get(row).closed).toArray();
        if (going.length < open.size()) {
            open = Arrays.stream(going).mapToObj(open::get).toList();
            if (!open.isEmpty()) {
                decoder.keep(Arrays.stream(going).asLongStream().toArray());
            }
        }
    }

    /** The tokens drawn so far, without end tokens, for each prompt. */
    List<long[]> drawn() {
        return sequences.stream()
                .map(sequence -> Arrays.copyOfRange(sequence.tokens, sequence.promptLength, sequence.length)).toList();
    }

    @Override
    public void close() {
        decoder.close();
    }
}
