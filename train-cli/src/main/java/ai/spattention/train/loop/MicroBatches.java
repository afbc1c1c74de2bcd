package ai.spattention.train.loop;

import ai.spattention.train.config.RunConfig;
import ai.spattention.train.data.BatchSource;
import ai.spattention.train.data.PreparedData;
import ai.spattention.train.data.Split;
import ai.spattention.train.data.TokenBatch;
import ai.spattention.train.data.TokenSequences;
import ai.spattention.train.loop.step.MicroBatch;
import java.io.Closeable;
import java.io.IOException;
import java.util.Optional;

/**
 * A run's training data, micro-batch after micro-batch, from any place on: of several processes each takes its turn, so that together they
 * take what one would.
 */
final class MicroBatches implements Closeable {

    private final RunConfig config;
    private final int eosId;
    private final TokenSequences training;
    private final int rank;
    private final int ranks;
    private BatchSource source;

    /** Opens the data at their beginning, for a process of so many. */
    MicroBatches(RunConfig config, PreparedData data, int rank, int ranks) throws IOException {
        this.config = config;
        this.rank = rank;
        this.ranks = ranks;
        eosId = data.manifest().tokenizer().eosId();
        training = data.sequences(Split.TRAIN, config.data().sequenceLength());
        seek(0);
    }

    /** Goes to the place where all processes together have learned from so many tokens, which are whole steps'. */
    void seek(long tokens) {
        source = new BatchSource(training, config.data().seed(), tokens / training.length() + (long) rank * config.training().microBatch());
    }

    MicroBatch next() throws IOException {
        TokenBatch tokens = source.next(config.training().microBatch());
        source.skip((ranks - 1L) * config.training().microBatch());
        return new MicroBatch(tokens, config.data().documentMask() ? Optional.of(tokens.documents(eosId)) : Optional.empty());
    }

    @Override
    public void close() throws IOException {
        training.close();
    }
}
