package ai.spattention.train.loop.step;

import ai.djl.nn.Parameter;
import ai.spattention.train.optim.Gradients;
import java.util.List;

/** The gradients that the engine keeps and adds to from pass to pass. */
final class EngineGradients {

    private final List<Parameter> parameters;
    private boolean exist;

    EngineGradients(List<Parameter> parameters) {
        this.parameters = parameters;
    }

    /** Before a step's first pass. */
    void clear() {
        if (exist) { // before the first pass of all the engine has no memory for them
            Gradients.zero(parameters);
        }
        exist = true;
    }
}
