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

/** A run's training data, micro-batch after micro-batch, from any place on. */
final class MicroBatches implements Closeable {

    private final RunConfig config;
    private final int eosId;
    private final TokenSequences training;
    private BatchSource source;

    /** Opens the data at their beginning. */
    MicroBatches(RunConfig config, PreparedData data) throws IOException {
        this.config = config;
        eosId = data.manifest().tokenizer().eosId();
        training = data.sequences(Split.TRAIN, config.data().sequenceLength());
        seek(0);
    }

    /** Goes to the place where so many tokens have been learned from. */
    void seek(long tokens) {
        source = new BatchSource(training, config.data().seed(), tokens / training.length());
    }

    MicroBatch next() throws IOException {
        TokenBatch tokens = source.next(config.training().microBatch());
        return new MicroBatch(tokens, config.data().documentMask() ? Optional.of(tokens.documents(eosId)) : Optional.empty());
    }

    @Override
    public void close() throws IOException {
        training.close();
    }
}
