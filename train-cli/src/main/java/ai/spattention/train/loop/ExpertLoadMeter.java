package ai.spattention.train.loop;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.training.Trainer;
import ai.djl.training.listener.TrainingListenerAdapter;
import ai.spattention.olmoe.model.OlmoeOutput;

/** Adds up, on the device, how many tokens each expert of each layer got. */
final class ExpertLoadMeter extends TrainingListenerAdapter implements AutoCloseable {

    private final NDManager manager;
    private NDArray sums;

    ExpertLoadMeter(NDManager parent) {
        manager = parent.newSubManager();
    }

    @Override
    public void onTrainingBatch(Trainer trainer, BatchData batchData) {
        for (NDList predictions : batchData.getPredictions().values()) {
            NDArray tokens = OlmoeOutput.of(predictions).routers().tokensPerExpert();
            if (sums == null) {
                sums = tokens.duplicate();
                sums.attach(manager);
            } else {
                sums.addi(tokens);
            }
        }
    }

    /** The share of each expert in its layer since the last call. */
    double[][] read() {
        int layers = (int) sums.getShape().get(0);
        int experts = (int) sums.getShape().get(1);
        long[] counts = sums.toLongArray();
        sums.close();
        sums = null;
        double[][] load = new double[layers][experts];
        for (int layer = 0; layer < layers; layer++) {
            double total = 0;
            for (int expert = 0; expert < experts; expert++) {
                total += counts[layer * experts + expert];
            }
            for (int expert = 0; expert < experts; expert++) {
                load[layer][expert] = counts[layer * experts + expert] / total;
            }
        }
        return load;
    }

    @Override
    public void close() {
        manager.close();
    }
}
