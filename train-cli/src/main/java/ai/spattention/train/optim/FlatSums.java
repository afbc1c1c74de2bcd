package ai.spattention.train.optim;

import ai.djl.ndarray.NDArray;
import ai.spattention.olmoe.pass.FlatWeights;
import ai.spattention.olmoe.pass.GradientFlow;
import ai.spattention.plan.Tensor;
import java.util.function.Function;

/** The sums, over a step's passes on all ranks, of gradients in flat arrays. */
public abstract class FlatSums implements GradientFlow, AutoCloseable {

    private final FlatWeights weights;
    private final SectionShares shares;
    private final Lanes lanes;

    FlatSums(FlatWeights weights, SectionShares shares, Lanes lanes) {
        this.weights = weights;
        this.shares = shares;
        this.lanes = lanes;
    }

    /**
     * The weights whose gradients they are.
     *
     * @return the weights
     */
    public final FlatWeights weights() {
        return weights;
    }

    /** What each rank updates. */
    final SectionShares shares() {
        return shares;
    }

    /** Where everything is put. */
    final Lanes lanes() {
        return lanes;
    }

    @Override
    public void close() {
        lanes.close();
    }

    /** Sums the routers' and norms' gradients, of which each rank has all, and lets what follows on the passes' lane wait for all sums. */
    final void completeOthers(Function<FlatWeights.Section, NDArray> gradients) {
        lanes.collectivesWait();
        for (FlatWeights.Section section : weights.others()) {
            shares.collectives().named("the " + section + "' gradients").allReduce(gradients.apply(section));
        }
        lanes.passesWait();
    }

    /** Puts what is left of the sums on the collectives' lane, and lets what follows on the passes' lane wait for all. */
    abstract void complete();

    /** The sums of a share, [n], float32; at the same place from the beginning to the end. */
    abstract Tensor of(FlatWeights.Section section, SectionShares.Share share);
}
