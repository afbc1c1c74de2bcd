package ai.spattention.train.optim;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.spattention.cuda.TorchTensors;
import ai.spattention.olmoe.pass.FlatWeights;
import ai.spattention.olmoe.pass.GradientGroup;
import ai.spattention.olmoe.pass.GradientWindows;
import ai.spattention.plan.Tensor;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Gradients whose matrices' have memory while a pass computes them only: ZeRO's second stage (arXiv 1910.02054). When a group is complete, it is
 * summed over the ranks where it lies, and each rank adds its slice of that to the sums that it keeps; meanwhile the pass writes the next
 * group's into another window. The routers' and norms', which are few, are added up on each rank and summed when the step ends.
 */
public final class PassingSums extends FlatSums {

    private final GradientWindows windows;
    private final Map<GradientGroup, SectionShares.Piece> pieces;
    private final Map<FlatWeights.Section, NDArray> sums = new LinkedHashMap<>();
    private int pass;

    /**
     * Takes the memory of the sums.
     *
     * @param weights the weights, whose gradients have windows
     * @param shares what each rank updates
     * @param lanes where everything is put
     * @param manager owns the sums, on the device
     */
    public PassingSums(FlatWeights weights, SectionShares shares, Lanes lanes, NDManager manager) {
        super(weights, shares, lanes);
        windows = weights.windows().orElseThrow();
        pieces = shares.pieces(weights.matrices()).stream().collect(Collectors.toMap(SectionShares.Piece::group, piece -> piece));
        weights.sections().forEach(section -> sums.put(section, manager.zeros(new Shape(shares.elements(section)))));
    }

    @Override
    public void beginStep() {
        pass = 0;
    }

    /** What it adds to is not where passes write. */
    @Override
    public boolean beginPass() {
        pass++;
        return false;
    }

    @Override
    public boolean followsGroups() {
        return true;
    }

    @Override
    public void before(GradientGroup group) {
        lanes().passesWait(windows.number(group));
    }

    @Override
    public void after(GradientGroup group) {
        carry(group);
        SectionShares.Piece piece = pieces.get(group);
        if (piece != null) {
            lanes().collectivesWait();
            try (NDArray part = windows.part(group, piece.begin(), piece.end())) {
                shares().collectives().named(group + "'s gradients").reduceScatter(part);
            }
            SectionShares.Share own = shares().share(piece);
            take(lanes().collectives(), windows.tensor(group, own.begin(), own.end()), of(weights().matrices(), own));
            lanes().mark(windows.number(group));
        }
        if (group.begin() == 0) { // the last one
            weights().others().forEach(section -> take(lanes().passes(), section.gradients(), whole(section)));
        }
    }

    /** Completes the end of a group's window: by the beginning of the group behind it, which that one's piece lacks, or by zeros. */
    private void carry(GradientGroup group) {
        long end = shares().roundUp(group.end());
        if (end > group.end()) {
            Tensor rest = windows.tensor(group, group.end(), end);
            List<GradientGroup> groups = weights().matrices().groups();
            int turn = groups.indexOf(group);
            if (turn == 0) {
                lanes().passes().clear(rest);
            } else {
                lanes().passes().copy(windows.tensor(groups.get(turn - 1), group.end(), end), rest);
            }
        }
    }

    private void take(Lanes.Lane lane, Tensor gradients, Tensor to) {
        if (pass == 1) {
            lane.copy(gradients, to);
        } else {
            lane.add(gradients, to);
        }
    }

    @Override
    void complete() {
        completeOthers(sums::get);
    }

    @Override
    Tensor of(FlatWeights.Section section, SectionShares.Share share) {
        return whole(section).rows(share.place(), share.elements());
    }

    private Tensor whole(FlatWeights.Section section) {
        return Tensor.of("sums of the gradients of " + section, TorchTensors.view(sums.get(section)));
    }
}
