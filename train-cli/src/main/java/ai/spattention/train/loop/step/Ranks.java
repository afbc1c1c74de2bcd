package ai.spattention.train.loop.step;

import ai.spattention.common.InvalidInputException;
import ai.spattention.train.config.RunConfig;
import ai.spattention.train.config.ShardMode;
import ai.spattention.train.distributed.Collectives;
import ai.spattention.train.distributed.SingleProcess;

/**
 * The processes that learn together.
 *
 * @param collectives what they compute together
 * @param shard what each keeps a part of
 */
public record Ranks(Collectives collectives, ShardMode shard) {

    /** A run of one process. */
    public static final Ranks SINGLE = new Ranks(new SingleProcess(), ShardMode.NONE);

    /**
     * Those of a run.
     *
     * @param config the run's configuration
     * @param collectives what its processes compute together; stay the caller's
     * @return the ranks
     * @throws InvalidInputException if a step's micro-batches cannot be shared out evenly
     */
    public static Ranks of(RunConfig config, Collectives collectives) {
        requireEvenShares(config, collectives.size());
        return new Ranks(collectives, collectives.size() == 1 ? ShardMode.NONE : config.distributed().shard());
    }

    int size() {
        return collectives.size();
    }

    /**
     * Refuses processes that cannot share a step's micro-batches out evenly.
     *
     * @param config the run's configuration
     * @param processes how many there are
     * @throws InvalidInputException if their number does not divide that of the micro-batches
     */
    public static void requireEvenShares(RunConfig config, int processes) {
        int microBatches = config.training().gradientAccumulationSteps();
        if (microBatches % processes != 0) {
            throw new InvalidInputException("training.gradient_accumulation_steps must be a multiple of the number of processes, for each"
                    + " computes as many micro-batches of a step (got " + microBatches + " and " + processes + " processes): set it to "
                    + (microBatches / processes + 1) * processes + " or start another number of processes");
        }
    }
}
