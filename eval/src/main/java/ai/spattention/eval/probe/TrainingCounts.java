package ai.spattention.eval.probe;

import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.io.JsonProblem;
import ai.spattention.olmoe.io.StrictJson;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import java.io.IOException;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/**
 * How often tokens stand in the training data, and which bigrams are common there. A bigram is two tokens that follow one another in
 * the stream that the model learns from, across the boundaries of documents, too.
 */
public final class TrainingCounts {

    private static final int VERSION = 1;
    private static final ObjectMapper JSON = StrictJson.ofRecords().propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE).build();

    private final Content content;
    private final long[] common;

    /** A file's content; a common bigram is first · 2³² + second. */
    private record Content(int formatVersion, String data, double commonFrom, List<Long> tokens, List<Long> commonBigrams) {}

    /** The training data, gone over twice. */
    @FunctionalInterface
    public interface Stream {

        /**
         * Goes over all of it from the start.
         *
         * @param part gets the ids, stretch by stretch
         * @throws IOException if reading fails
         */
        void forEach(Consumer<long[]> part) throws IOException;
    }

    private TrainingCounts(Content content) {
        this.content = content;
        common = content.commonBigrams.stream().mapToLong(Long::longValue).sorted().toArray();
    }

    /**
     * Counts.
     *
     * @param data what tells these data from others, such as their fingerprint
     * @param vocabSize V, one more than the largest id
     * @param commonFrom the least share of all bigrams that makes one common
     * @param stream the training data
     * @return the counts
     * @throws IOException if reading fails
     */
    public static TrainingCounts of(String data, int vocabSize, double commonFrom, Stream stream) throws IOException {
        long[] tokens = new long[vocabSize];
        PairCounter pairs = new PairCounter((int) Math.ceil(2 / commonFrom)); // twice as many as must be: the rest is seldom lost
        long[] last = {-1};
        stream.forEach(ids -> {
            for (long id : ids) {
                tokens[(int) id]++;
                if (last[0] >= 0) {
                    pairs.add(PairCounter.pair(last[0], id));
                }
                last[0] = id;
            }
        });
        pairs.clearCounts();
        last[0] = -1;
        stream.forEach(ids -> {
            for (long id : ids) {
                if (last[0] >= 0) {
                    pairs.addKept(PairCounter.pair(last[0], id));
                }
                last[0] = id;
            }
        });
        double least = commonFrom * (Arrays.stream(tokens).sum() - 1);
        return new TrainingCounts(new Content(VERSION, data, commonFrom, Arrays.stream(tokens).boxed().toList(),
                Arrays.stream(pairs.pairs(count -> count >= least)).boxed().toList()));
    }

    /**
     * Reads counts.
     *
     * @param name what they were read from, for messages
     * @param text what {@link #toJson} wrote
     * @return the counts
     * @throws InvalidInputException if they are damaged or of another version
     */
    public static TrainingCounts parse(String name, String text) {
        try {
            Content content = JSON.readValue(text, Content.class);
            if (content.formatVersion != VERSION) {
                throw new InvalidInputException(name + " has format version " + content.formatVersion + ", this program reads version "
                        + VERSION);
            }
            return new TrainingCounts(content);
        } catch (JsonProcessingException e) {
            throw new InvalidInputException(name + " is damaged: " + JsonProblem.of(e), e);
        }
    }

    /**
     * The counts as a file keeps them.
     *
     * @return JSON
     */
    public String toJson() {
        try {
            return JSON.writeValueAsString(content) + "\n";
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("counts in memory can be written", e);
        }
    }

    /**
     * Whether these are the counts that are wanted.
     *
     * @param data the data
     * @param vocabSize V
     * @param commonFrom the least share of a common bigram
     * @return whether they were made of these data with that share
     */
    public boolean areOf(String data, int vocabSize, double commonFrom) {
        return content.data.equals(data) && content.commonFrom == commonFrom && content.tokens.size() == vocabSize;
    }

    /**
     * Whether a bigram is common.
     *
     * @param first its first token
     * @param second its second token
     * @return whether it makes up at least the share of all bigrams from which one is common
     */
    public boolean isCommon(long first, long second) {
        return Arrays.binarySearch(common, PairCounter.pair(first, second)) >= 0;
    }

    /**
     * How many bigrams are common.
     *
     * @return their number
     */
    public int commonBigrams() {
        return common.length;
    }

    /**
     * The commonest tokens.
     *
     * @param most how many at most
     * @param except an id that is left out, such as that which ends a document
     * @return ids of tokens that occur, the commonest first, of equals the smaller id
     */
    public int[] commonest(int most, int except) {
        return IntStream.range(0, content.tokens.size()).filter(id -> id != except && content.tokens.get(id) > 0).boxed()
                .sorted(Comparator.comparingLong((Integer id) -> -content.tokens.get(id)).thenComparing(id -> id))
                .mapToInt(Integer::intValue).limit(most).toArray();
    }
}
