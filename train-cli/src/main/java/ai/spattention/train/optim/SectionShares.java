package ai.spattention.train.optim;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import ai.spattention.adamw.AdamWSteps;
import ai.spattention.cuda.CudaStream;
import ai.spattention.cuda.TorchTensors;
import ai.spattention.olmoe.pass.FlatWeights;
import ai.spattention.plan.Tensor;
import ai.spattention.train.distributed.Collectives;
import java.util.List;

/**
 * What of a planned pass's flat weights this rank updates, and what it exchanges with the others for that. Where the optimizer is sharded,
 * that is a slice of the matrices; the routers and norms, which are few, every rank updates alike.
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
     * How the flat weights must be cut.
     *
     * @return the matrices have a multiple of so many elements
     */
    public long cut() {
        return sharded ? AdamWSteps.CUT * collectives.size() : FlatWeights.UNIT;
    }

    /** Whether a section is updated in slices. */
    private boolean isSliced(FlatWeights.Section section) {
        return sharded && section.isSplit();
    }

    /** How many elements of a section are updated here. */
    long elements(FlatWeights.Section section) {
        return isSliced(section) ? section.elements() / collectives.size() : section.elements();
    }

    /** The first of them. */
    private long first(FlatWeights.Section section) {
        return isSliced(section) ? collectives.rank() * elements(section) : 0;
    }

    /** The part that is updated here of a flat tensor. */
    Tensor of(FlatWeights.Section section, Tensor flat) {
        return isSliced(section) ? flat.rows(first(section), elements(section)) : flat;
    }

    /** The part that is written here of the sums of squares of a section. */
    Tensor ofSums(FlatWeights.Section section, Tensor sums) {
        long own = AdamWSteps.parts(elements(section));
        return isSliced(section) ? sums.rows(collectives.rank() * own, own) : sums;
    }

    /** The parts of parameters that are updated here. */
    List<FlatLayout.Fragment> updated(FlatWeights.Section section) {
        FlatLayout layout = layout(section);
        return isSliced(section) ? layout.fragments(collectives.rank()) : layout.whole();
    }

    /** The parts of parameters whose state this rank keeps for all: no two ranks keep the same. */
    List<FlatLayout.Fragment> kept(FlatWeights.Section section) {
        return layout(section).fragments(collectives.rank());
    }

    private FlatLayout layout(FlatWeights.Section section) {
        return new FlatLayout(section.parameters(), FlatWeights.UNIT, isSliced(section) ? AdamWSteps.CUT : FlatWeights.UNIT, collectives.size());
    }

    /** A part of a flat array of what is updated here. */
    NDArray view(FlatWeights.Section section, FlatLayout.Fragment part, NDArray own) {
        return part.ofFlat(own, first(section));
    }

    /** Sums the gradients over the ranks; a sliced section's only where they are updated. */
    void sumGradients(List<FlatWeights.Section> sections, CudaStream stream) {
        exchange(stream, () -> {
            for (FlatWeights.Section section : sections) {
                if (isSliced(section)) {
                    collectives.reduceScatter(section.gradientArray());
                } else {
                    collectives.allReduce(section.gradientArray());
                }
            }
        });
    }

    /** Before the sums of squares of what is updated here are computed: there are none of others. */
    void clearSums(NDArray sums, CudaStream stream) {
        if (sharded) {
            stream.fill(TorchTensors.address(sums), 0, Double.BYTES * sums.size());
        }
    }

    /** Puts together the sums of squares of sliced sections, which lie at a begin; the others all ranks have alike. */
    void gatherSums(NDArray sums, List<FlatWeights.Section> sections, CudaStream stream) {
        if (!sharded) {
            return;
        }
        exchange(stream, () -> {
            long first = 0;
            for (FlatWeights.Section section : sections) {
                long all = AdamWSteps.parts(section.elements());
                if (isSliced(section)) {
                    try (NDArray own = sums.get(new NDIndex("{}:{}", first, first + all))) {
                        collectives.allReduce(own);
                    }
                }
                first += all;
            }
        });
    }

    /** Gives all ranks the weights of sliced sections. */
    void gatherWeights(List<FlatWeights.Section> sections, CudaStream stream) {
        if (!sharded) {
            return;
        }
        exchange(stream, () -> sections.stream().filter(this::isSliced).forEach(section -> section.arrays().forEach(collectives::allGather)));
    }

    /** Between what is on the stream and what follows there. */
    private void exchange(CudaStream stream, Runnable operations) {
        if (collectives.size() == 1) {
            return;
        }
        try (Fence fence = new Fence(stream)) {
            fence.pass();
            operations.run();
            fence.pass();
        }
    }

    /**
     * Two streams that keep order with PyTorch's keep none with each other: what is put on PyTorch's waits for all that is on either, and
     * what comes on either then waits for that.
     */
    private static final class Fence implements AutoCloseable {

        private final CudaStream ofPyTorch;
        private final NDManager manager;
        private final long address;

        Fence(CudaStream stream) {
            ofPyTorch = CudaStream.ofPyTorch(stream.device());
            manager = NDManager.newBaseManager(Device.gpu(stream.device().index()), "PyTorch");
            address = TorchTensors.address(manager.zeros(new Shape(1)));
        }

        void pass() {
            ofPyTorch.fill(address, 0, Float.BYTES);
        }

        @Override
        public void close() {
            manager.close();
        }
    }
}
