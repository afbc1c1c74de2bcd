package ai.spattention.train.loop.step;

import ai.djl.ndarray.NDArray;
import ai.djl.nn.Parameter;
import ai.spattention.train.optim.FlatLayout;
import java.util.List;

/** Every rank gets the sums of its slice when all micro-batches are done, and updates that: ZeRO's first stage (arXiv 1910.02054). */
final class SlicedGradients implements BlockGradients {

    private final EngineGradients gradients;
    private final GradientSlice slice;

    /** Takes the slice over. */
    SlicedGradients(List<Parameter> parameters, GradientSlice slice) {
        gradients = new EngineGradients(parameters);
        this.slice = slice;
    }

    @Override
    public void begin() {
        gradients.clear();
    }

    @Override
    public void sum() {
        slice.clear();
        slice.add();
    }

    @Override
    public List<FlatLayout.Fragment> updated() {
        return slice.parts();
    }

    @Override
    public NDArray of(FlatLayout.Fragment part) {
        return slice.of(part);
    }

    @Override
    public void share() {
        slice.shareWeights();
    }

    @Override
    public void close() {
        slice.close();
    }
}
