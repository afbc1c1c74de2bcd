package ai.spattention.train.optim;

import ai.spattention.adamw.AdamWSteps;
import ai.spattention.cuda.CudaEvent;
import ai.spattention.cuda.CudaStream;
import ai.spattention.cuda.CudaTarget;
import ai.spattention.cuda.TensorView;
import ai.spattention.plan.Launches;
import ai.spattention.plan.Step;
import ai.spattention.plan.Tensor;
import ai.spattention.train.distributed.Collectives;
import java.util.ArrayList;
import java.util.List;

/**
 * Two streams of a GPU. Where collectives have none of their own, they keep order with the passes' by themselves, as PyTorch's default stream
 * does.
 */
public final class CudaLanes implements Lanes {

    private final CudaStream ofPasses;
    private final CudaStream ofCollectives;
    private final CudaEvent passes;
    private final CudaEvent collectives;
    private final List<CudaEvent> marks = new ArrayList<>();

    /**
     * Takes the streams.
     *
     * @param passes where passes and updates run
     * @param collectives what processes compute together
     */
    public CudaLanes(CudaStream passes, Collectives collectives) {
        ofPasses = passes;
        ofCollectives = collectives.stream().orElse(passes);
        this.passes = new CudaEvent(passes.device());
        this.collectives = new CudaEvent(passes.device());
    }

    /** A stream as a lane. */
    private record OnStream(CudaStream stream) implements Lane, Launches {

        @Override
        public void copy(Tensor from, Tensor to) {
            stream.copy(to.address(), from.address(), from.elements() * from.type().bytes());
        }

        @Override
        public void clear(Tensor array) {
            stream.fill(array.address(), 0, array.elements() * array.type().bytes());
        }

        @Override
        public void add(Tensor values, Tensor sums) {
            AdamWSteps.accumulate(this, values, sums);
        }

        @Override
        public CudaTarget target() {
            return CudaTarget.of(stream.device());
        }

        @Override
        public Tensor array(String name, TensorView.Type type, long... sizes) {
            throw new UnsupportedOperationException("there is no memory for " + name);
        }

        @Override
        public void add(Step step) {
            stream.device().inContext(() -> step.run(stream));
        }
    }

    @Override
    public Lane passes() {
        return new OnStream(ofPasses);
    }

    @Override
    public Lane collectives() {
        return new OnStream(ofCollectives);
    }

    @Override
    public void collectivesWait() {
        passes.record(ofPasses);
        passes.holdUp(ofCollectives);
    }

    @Override
    public void passesWait() {
        collectives.record(ofCollectives);
        collectives.holdUp(ofPasses);
    }

    @Override
    public void mark(int number) {
        while (marks.size() <= number) {
            marks.add(new CudaEvent(ofPasses.device()));
        }
        marks.get(number).record(ofCollectives);
    }

    @Override
    public void passesWait(int number) {
        if (number < marks.size()) {
            marks.get(number).holdUp(ofPasses);
        }
    }

    @Override
    public void close() {
        try (passes; collectives) {
            marks.forEach(CudaEvent::close);
        }
    }
}
