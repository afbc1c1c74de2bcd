package ai.spattention.segment;

import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.training.GradientCollector;
import ai.djl.training.Trainer;
import ai.djl.training.TrainingConfig;

/**
 * DJL's Trainer for a model that runs in segments: the gradient collector that it opens walks back through them. {@code
 * EasyTrain.trainBatch} and listeners work as with any Trainer. The model's block must be a {@link SegmentedBlock}.
 */
public final class SegmentedTrainer extends Trainer {

    private final SegmentedBlock block;

    /**
     * Creates a trainer.
     *
     * @param model a model whose block is a {@link SegmentedBlock}
     * @param config the training configuration, with one device
     */
    public SegmentedTrainer(Model model, TrainingConfig config) {
        super(model, config);
        block = (SegmentedBlock) model.getBlock();
    }

    @Override
    public GradientCollector newGradientCollector() {
        return new SegmentCollector(super.newGradientCollector(), block.begin(getManager()));
    }

    /** The engine's collector, and after its backward pass that of the segments. */
    private record SegmentCollector(GradientCollector engine, SegmentTape tape) implements GradientCollector {

        @Override
        public void backward(NDArray target) {
            engine.backward(target);
            tape.backward();
        }

        @Override
        public void zeroGradients() {
            engine.zeroGradients();
        }

        @Override
        public void close() {
            tape.close();
            engine.close();
        }
    }
}
