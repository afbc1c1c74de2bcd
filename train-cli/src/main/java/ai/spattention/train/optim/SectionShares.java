package ai.spattention.train.optim;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.spattention.adamw.AdamWSteps;
import ai.spattention.olmoe.model.OlmoeModel;
import ai.spattention.olmoe.pass.FlatWeights;
import ai.spattention.olmoe.pass.GradientGroup;
import ai.spattention.plan.Tensor;
import ai.spattention.train.distributed.Collectives;
import java.util.ArrayList;
import java.util.List;

/**
 * What of a planned pass's flat weights this rank updates, and what it exchanges with the others for that. Where the optimizer is sharded,
 * that is a slice of each piece of the matrices; the routers and norms, which are few, every rank updates alike.
 */
public final class SectionShares {

    private final Collectives collectives;
    private final boolean sharded;

    /**
     * Creates the shares.
     *
     * @param collectives the ranks
     * @param sharded whether each updates a slice of the matrices, or all of them
     */
    public SectionShares(Collectives collectives, boolean sharded) {
        this.collectives = collectives;
        this.sharded = sharded && collectives.size() > 1;
    }

    /**
     * How flat weights are cut where ranks share the matrices out.
     *
     * @param ranks how many there are, at least 2
     * @return pieces of the matrices begin and end at multiples of so many elements
     */
    public static long cut(int ranks) {
        return AdamWSteps.CUT * ranks;
    }

    private long cut() {
        return sharded ? cut(collectives.size()) : FlatWeights.UNIT;
    }

    /** The next place where a piece may end. */
    long roundUp(long element) {
        return (element + cut() - 1) / cut() * cut();
    }

    /**
     * Makes room for weights and all their gradients.
     *
     * @param model a model whose parameters have their shapes
     * @param parent the manager that owns the memory
     * @return the weights, cut as the shares need it
     */
    public FlatWeights weights(OlmoeModel model, NDManager parent) {
        return FlatWeights.of(model, parent, cut());
    }

    /**
     * Makes room for weights, and for the gradients of matrices while passes compute them only.
     *
     * @param model a model whose parameters have their shapes
     * @param parent the manager that owns the memory
     * @return the weights, cut as the shares need it
     */
    public FlatWeights passingWeights(OlmoeModel model, NDManager parent) {
        return FlatWeights.passing(model, parent, cut());
    }

    /** The ranks. */
    Collectives collectives() {
        return collectives;
    }

    /**
     * What of the matrices ranks sum together: about a group, but for its beginning up to the next multiple of the cut, which belongs to the
     * piece of the group before it.
     *
     * @param group the group that completes it
     * @param begin the first element
     * @param end the element after the last
     */
    record Piece(GradientGroup group, long begin, long end) {}

    /** A section's pieces in the order in which passes complete them, from the end to the beginning; a small group may have none. */
    List<Piece> pieces(FlatWeights.Section section) {
        List<Piece> pieces = new ArrayList<>();
        long end = section.elements();
        for (GradientGroup group : section.groups()) {
            long begin = roundUp(group.begin());
            if (begin < end) {
                pieces.add(new Piece(group, begin, end));
                end = begin;
            }
        }
        return pieces;
    }

    /**
     * What this rank updates together.
     *
     * @param begin the section's first element of it
     * @param end the element after the last
     * @param place where it begins in arrays of all that this rank updates of the section
     */
    record Share(long begin, long end, long place) {

        long elements() {
            return end - begin;
        }
    }

    /** Whether a section is updated in slices. */
    boolean isSliced(FlatWeights.Section section) {
        return sharded && section.isSplit();
    }

    /** What this rank updates of a section, in order. */
    List<Share> shares(FlatWeights.Section section) {
        if (!isSliced(section)) {
            return List.of(new Share(0, section.elements(), 0));
        }
        List<Share> shares = new ArrayList<>();
        pieces(section).forEach(piece -> shares.add(0, share(piece)));
        return shares;
    }

    /** This rank's slice of a piece that is shared out: as much of every piece lies before it as every rank has. */
    Share share(Piece piece) {
        long elements = (piece.end - piece.begin) / collectives.size();
        long begin = piece.begin + collectives.rank() * elements;
        return new Share(begin, begin + elements, piece.begin / collectives.size());
    }

    /** How many elements of a section are updated here. */
    long elements(FlatWeights.Section section) {
        return isSliced(section) ? section.elements() / collectives.size() : section.elements();
    }

    /** The part that belongs to a share of the sums of squares of a section. */
    static Tensor ofSums(Share share, Tensor sums) {
        long first = share.begin == 0 ? 0 : AdamWSteps.parts(share.begin);
        return sums.rows(first, AdamWSteps.parts(share.elements()));
    }

    /** The parts of parameters that are updated here. */
    List<FlatLayout.Fragment> updated(FlatWeights.Section section) {
        FlatLayout layout = layout(section);
        return shares(section).stream().flatMap(share -> layout.fragments(share.begin, share.end).stream()).toList();
    }

    /** The parts of parameters whose state this rank keeps for all: no two ranks keep the same. */
    List<FlatLayout.Fragment> kept(FlatWeights.Section section) {
        return isSliced(section) ? updated(section) : layout(section).fragments(collectives.rank());
    }

    private FlatLayout layout(FlatWeights.Section section) {
        return new FlatLayout(section.parameters(), FlatWeights.UNIT, FlatWeights.UNIT, collectives.size());
    }

    /** A part of a flat array of what is updated here. */
    NDArray view(FlatWeights.Section section, FlatLayout.Fragment part, NDArray own) {
        Share holding = shares(section).stream().filter(share -> share.begin <= part.place() && part.place() < share.end).findFirst()
                .orElseThrow();
        return part.ofFlat(own, holding.begin - holding.place);
    }

    /** A view of some of a flat array's elements. */
    static NDArray part(NDArray flat, long begin, long end) {
        return flat.get(new NDIndex("{}:{}", begin, end));
    }

    /** Puts together the sums of squares of sliced sections, which lie at a begin; the others all ranks have alike. */
    void gatherSums(NDArray sums, List<FlatWeights.Section> sections, Lanes lanes) {
        if (!sharded) {
            return;
        }
        lanes.collectivesWait();
        long first = 0;
        for (FlatWeights.Section section : sections) {
            long all = AdamWSteps.parts(section.elements());
            if (isSliced(section)) {
                try (NDArray own = part(sums, first, first + all)) {
                    collectives.named("the gradients' squares").allReduce(own);
                }
            }
            first += all;
        }
        lanes.passesWait();
    }

    /** Gives all ranks the weights of sliced sections. */
    void gatherWeights(List<FlatWeights.Section> sections, Lanes lanes) {
        if (!sharded) {
            return;
        }
        lanes.collectivesWait();
        sections.stream().filter(this::isSliced).forEach(section -> {
            for (Piece piece : pieces(section)) {
                Collectives named = collectives.named(piece.group + "'s weights");
                for (NDArray array : section.arrays()) {
                    long each = section.elements() / array.size();
                    try (NDArray part = part(array, piece.begin / each, piece.end / each)) {
                        named.allGather(part);
                    }
                }
            }
        });
        lanes.passesWait();
    }

    /** Before the sums of squares of what is updated here are computed: there are none of others. */
    void clearSums(Tensor sums, Lanes lanes) {
        if (sharded) {
            lanes.passes().clear(sums);
        }
    }
}
