package ai.spattention.train.loop.step;

import ai.djl.ndarray.NDArray;
import ai.djl.nn.Parameter;
import ai.spattention.train.optim.FlatLayout;
import ai.spattention.train.optim.Gradients;
import java.util.List;

/**
 * Every rank adds the sums of its slice up after each micro-batch, and gives the memory of all gradients back until the next one's backward
 * pass: ZeRO's second stage (arXiv 1910.02054).
 */
final class PassingGradients implements BlockGradients {

    private final List<Parameter> parameters;
    private final GradientSlice slice;
    private boolean released;

    /** Takes the slice over. */
    PassingGradients(List<Parameter> parameters, GradientSlice slice) {
        this.parameters = parameters;
        this.slice = slice;
    }

    @Override
    public void begin() {
        slice.clear();
    }

    @Override
    public void beforeBackward() {
        if (released) {
            Gradients.renew(parameters);
            released = false;
        }
    }

    @Override
    public void afterBackward() {
        slice.add();
        Gradients.release(parameters);
        released = true;
    }

    @Override
    public void sum() {
        // they are already
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
