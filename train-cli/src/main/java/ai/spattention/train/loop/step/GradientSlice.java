package ai.spattention.train.loop.step;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.spattention.train.distributed.Collectives;
import ai.spattention.train.optim.FlatBuffer;
import ai.spattention.train.optim.FlatLayout;
import ai.spattention.train.optim.Gradients;
import java.util.List;

/** The sums over all ranks of the gradients in this rank's slice. */
final class GradientSlice implements AutoCloseable {

    private final FlatLayout layout;
    private final Collectives collectives;
    private final NDManager manager;
    private final FlatBuffer buffer;
    private final NDArray sums;

    GradientSlice(FlatLayout layout, Collectives collectives, NDManager parent) {
        this.layout = layout;
        this.collectives = collectives;
        manager = parent.newSubManager();
        manager.setName("slice of gradients");
        buffer = new FlatBuffer(layout, collectives, manager);
        sums = manager.zeros(new Shape(layout.slice()));
    }

    /** Begins anew. */
    void clear() {
        Gradients.zero(sums);
    }

    /** Adds what the engines of all ranks have. */
    void add() {
        buffer.reduceScatter(parameter -> parameter.getArray().getGradient(), sums);
    }

    /** The parts of parameters in it. */
    List<FlatLayout.Fragment> parts() {
        return layout.fragments(collectives.rank());
    }

    /** The sums of one of the parts: a view, which the caller closes. */
    NDArray of(FlatLayout.Fragment part) {
        return part.ofFlat(sums, collectives.rank() * layout.slice());
    }

    /** Gives all ranks the weights of each one's slice. */
    void shareWeights() {
        buffer.allGather((Parameter parameter) -> parameter.getArray().stopGradient());
    }

    @Override
    public void close() {
        manager.close();
    }
}
