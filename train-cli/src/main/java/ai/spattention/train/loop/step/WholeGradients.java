package ai.spattention.train.loop.step;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Parameter;
import ai.spattention.train.distributed.Collectives;
import ai.spattention.train.optim.FlatBuffer;
import ai.spattention.train.optim.FlatLayout;
import java.util.List;

/** Every rank, or the only one, has the sums of all gradients, and updates all weights. */
final class WholeGradients implements BlockGradients {

    private final EngineGradients gradients;
    private final FlatLayout layout;
    private final Collectives collectives;
    private final NDManager manager;

    WholeGradients(List<Parameter> parameters, FlatLayout layout, Collectives collectives, NDManager manager) {
        gradients = new EngineGradients(parameters);
        this.layout = layout;
        this.collectives = collectives;
        this.manager = manager;
    }

    @Override
    public void begin() {
        gradients.clear();
    }

    @Override
    public void sum() {
        if (collectives.size() > 1) { // else they would be copied for nothing
            try (FlatBuffer buffer = new FlatBuffer(layout, collectives, manager)) {
                buffer.allReduce(parameter -> parameter.getArray().getGradient());
            }
        }
    }

    @Override
    public List<FlatLayout.Fragment> updated() {
        return layout.whole();
    }

    @Override
    public NDArray of(FlatLayout.Fragment part) {
        try (NDArray gradient = part.parameter().getArray().getGradient()) {
            return part.of(gradient);
        }
    }

    @Override
    public void share() {
        // all have made the same update
    }

    @Override
    public void close() {
        // the gradients are the engine's
    }
}
