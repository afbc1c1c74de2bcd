package ai.spattention.train.optim;

import ai.djl.ndarray.NDArray;
import ai.spattention.olmoe.pass.FlatWeights;
import ai.spattention.olmoe.pass.GradientGroup;
import ai.spattention.plan.Tensor;
import ai.spattention.train.distributed.Collectives;
import java.util.List;

/**
 * Gradients that have memory for all of them and are added up there by all passes of a step. They are summed over the ranks in place, behind the
 * backward phase of the step's last pass or when the step ends.
 */
public final class WholeSums extends FlatSums {

    private final int followedPass;
    private final List<SectionShares.Piece> pieces;
    private int pass;
    private int summed;

    private WholeSums(FlatWeights weights, SectionShares shares, Lanes lanes, int followedPass) {
        super(weights, shares, lanes);
        this.followedPass = followedPass;
        pieces = shares.pieces(weights.matrices());
    }

    /**
     * Gradients that are summed behind the last backward phase of a step, a group when it is complete.
     *
     * @param weights the weights, with memory for all gradients
     * @param shares what each rank updates
     * @param lanes where everything is put
     * @param passes how many passes of a step each rank has
     * @return the sums
     */
    public static WholeSums behindPasses(FlatWeights weights, SectionShares shares, Lanes lanes, int passes) {
        return new WholeSums(weights, shares, lanes, passes);
    }

    /**
     * Gradients that are summed when a step ends.
     *
     * @param weights the weights, with memory for all gradients
     * @param shares what each rank updates
     * @param lanes where everything is put
     * @return the sums
     */
    public static WholeSums atTheEnd(FlatWeights weights, SectionShares shares, Lanes lanes) {
        return new WholeSums(weights, shares, lanes, 0);
    }

    @Override
    public void beginStep() {
        pass = 0;
        summed = 0;
    }

    @Override
    public boolean beginPass() {
        pass++;
        return pass > 1;
    }

    @Override
    public boolean followsGroups() {
        return shares().collectives().size() > 1 && pass == followedPass;
    }

    @Override
    public void before(GradientGroup group) {
        // there is memory for all
    }

    @Override
    public void after(GradientGroup group) {
        if (summed < pieces.size() && pieces.get(summed).group().equals(group)) {
            sumPiece();
        }
    }

    private void sumPiece() {
        SectionShares.Piece piece = pieces.get(summed++);
        lanes().collectivesWait();
        Collectives named = shares().collectives().named(piece.group() + "'s gradients");
        try (NDArray part = SectionShares.part(weights().matrices().gradientArray(), piece.begin(), piece.end())) {
            if (shares().isSliced(weights().matrices())) {
                named.reduceScatter(part);
            } else {
                named.allReduce(part);
            }
        }
    }

    @Override
    void complete() {
        if (shares().collectives().size() == 1) {
            return;
        }
        while (summed < pieces.size()) {
            sumPiece();
        }
        completeOthers(FlatWeights.Section::gradientArray);
    }

    @Override
    Tensor of(FlatWeights.Section section, SectionShares.Share share) {
        return section.gradients().rows(share.begin(), share.elements());
    }
}
