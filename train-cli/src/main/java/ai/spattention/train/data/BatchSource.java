package ai.spattention.train.data;

import java.io.IOException;

/**
 * Endless batches for training: epoch after epoch, each in its own order. All that it remembers is how many sequences it has
 * given, so that the order is the same however the sequences are cut into batches, and after a resume.
 */
public final class BatchSource {

    private final TokenSequences sequences;
    private final long seed;
    private long position;
    private SequenceOrder order;
    private long orderEpoch = -1;

    /**
     * Creates a source.
     *
     * @param sequences the sequences; stay the caller's
     * @param seed the data's seed
     * @param position how many sequences have been given before
     */
    public BatchSource(TokenSequences sequences, long seed, long position) {
        this.sequences = sequences;
        this.seed = seed;
        this.position = position;
    }

    /**
     * Gives the next sequences.
     *
     * @param size B
     * @return a batch
     * @throws IOException if the data cannot be read
     */
    public TokenBatch next(int size) throws IOException {
        long[][] batch = new long[size][];
        for (int i = 0; i < size; i++) {
            long epoch = position / sequences.count();
            if (epoch != orderEpoch) {
                order = new SequenceOrder(sequences.count(), seed, epoch);
                orderEpoch = epoch;
            }
            batch[i] = sequences.read(order.at(position % sequences.count()));
            position++;
        }
        return TokenBatch.of(batch);
    }

    /**
     * Passes over sequences.
     *
     * @param count how many
     */
    public void skip(long count) {
        position += count;
    }

    /**
     * Reads sequences in their own order, for validation.
     *
     * @param sequences the sequences
     * @param from the first index
     * @param size how many, within the count
     * @return a batch
     * @throws IOException if the data cannot be read
     */
    public static TokenBatch inOrder(TokenSequences sequences, long from, int size) throws IOException {
        long[][] batch = new long[size][];
        for (int i = 0; i < size; i++) {
            batch[i] = sequences.read(from + i);
        }
        return TokenBatch.of(batch);
    }
}
