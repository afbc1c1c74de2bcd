package ai.spattention.train.loop;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.training.Trainer;
import ai.djl.training.listener.TrainingListenerAdapter;
import ai.spattention.olmoe.model.OlmoeOutput;
import ai.spattention.torch.EngineArrays;
import ai.spattention.train.distributed.Collectives;
import java.util.Arrays;

/** Adds up, on the device, how many tokens each expert of each layer got, and those of all processes when it is read. */
final class ExpertLoadMeter extends TrainingListenerAdapter implements AutoCloseable {

    private final Collectives collectives;
    private final NDManager manager;
    private NDArray sums;

    ExpertLoadMeter(Device device, Collectives collectives) {
        this.collectives = collectives;
        manager = NDManager.newBaseManager(device, "PyTorch");
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

    /** For each layer, how many tokens each expert got since the last call. All processes call it. */
    long[][] read() {
        int experts = (int) sums.getShape().get(1);
        double[] own;
        try (NDArray read = EngineArrays.readable(sums)) {
            own = Arrays.stream(read.toLongArray()).asDoubleStream().toArray();
        }
        long[] counts = Arrays.stream(collectives.sum(own)).mapToLong(count -> (long) count).toArray();
        sums.close();
        sums = null;
        long[][] load = new long[counts.length / experts][];
        for (int layer = 0; layer < load.length; layer++) {
            load[layer] = Arrays.copyOfRange(counts, layer * experts, (layer + 1) * experts);
        }
        return load;
    }

    @Override
    public void close() {
        manager.close();
    }
}
