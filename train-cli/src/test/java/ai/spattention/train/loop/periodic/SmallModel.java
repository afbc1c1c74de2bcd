package ai.spattention.train.loop.periodic;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.spattention.eval.probe.ProbeResult;
import ai.spattention.olmoe.model.OlmoeModel;
import ai.spattention.train.config.RunConfig;
import ai.spattention.train.loop.observer.RunObserver;
import ai.spattention.train.loop.setup.ModelSetup;
import ai.spattention.train.metrics.StepMetrics;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;

/** A new model at a step's end, and what is told of it. */
final class SmallModel implements AutoCloseable, RunObserver {

    final List<String> told = new ArrayList<>();
    final List<ProbeResult> probed = new ArrayList<>();

    private final NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
    private final OlmoeModel model;

    SmallModel(RunConfig config) {
        model = OlmoeModel.builder().setConfig(ModelSetup.config(config, 256)).build();
        model.initialize(manager, DataType.FLOAT32, new Shape(1, config.data().sequenceLength()));
    }

    /** The metrics after something acted after step 4, which leaves no array behind. */
    StepMetrics act(Periodic periodic, BooleanSupplier stop) throws IOException {
        int before = manager.getManagedArrays().size();
        StepMetrics.Builder metrics = StepMetrics.builder().setStep(4);
        periodic.act(new StepEnd(new RunProgress(4, 0, 0), false, model, manager, stop), metrics);
        if (manager.getManagedArrays().size() != before) {
            throw new AssertionError("arrays are left behind");
        }
        return metrics.build();
    }

    @Override
    public void sampled(long step, String prompt, String text) {
        told.add("sample " + step + " " + prompt + "|" + text);
    }

    @Override
    public void probed(long step, List<ProbeResult> results) {
        told.add("probed " + step);
        probed.addAll(results);
    }

    @Override
    public void note(String message) {
        told.add(message);
    }

    @Override
    public void close() {
        manager.close();
    }
}
