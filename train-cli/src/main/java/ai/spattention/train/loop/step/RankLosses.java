package ai.spattention.train.loop.step;

import ai.spattention.olmoe.loss.LossMeter;
import ai.spattention.olmoe.loss.LossValues;
import ai.spattention.train.distributed.Collectives;

/** The losses of all ranks' micro-batches, of which each has as many. */
final class RankLosses {

    private RankLosses() {}

    /** The means over all, the same bits on all ranks; the meter starts anew. */
    static LossValues mean(LossMeter losses, Collectives collectives) {
        collectives.allReduce(losses.sums());
        return ofSums(losses, collectives);
    }

    /** The same where the meter's sums are those over the ranks already. */
    static LossValues ofSums(LossMeter losses, Collectives collectives) {
        LossValues sums = losses.read();
        double ranks = collectives.size();
        return new LossValues(sums.total() / ranks, sums.languageModel() / ranks, sums.loadBalancing() / ranks, sums.routerZ() / ranks);
    }
}
