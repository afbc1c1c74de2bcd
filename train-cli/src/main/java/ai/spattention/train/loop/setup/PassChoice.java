package ai.spattention.train.loop.setup;

import ai.djl.Device;
import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.config.OlmoeConfig;
import ai.spattention.olmoe.pass.Kept;
import ai.spattention.olmoe.pass.PassDevice;
import ai.spattention.olmoe.pass.PassFit;
import ai.spattention.olmoe.pass.PassShape;
import ai.spattention.olmoe.pass.TrainingPass;
import ai.spattention.train.config.GraphMode;
import ai.spattention.train.config.PassMode;
import ai.spattention.train.config.RunConfig;
import ai.spattention.train.config.ShardMode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Which way a run's training passes go.
 *
 * @param whyBlocks why the model's blocks run; empty for a plan
 * @param start how a plan is started
 * @param checkpointing what is kept of each layer, and the memory that the run needs
 */
public record PassChoice(Optional<String> whyBlocks, TrainingPass.Start start, CheckpointingChoice checkpointing) {

    /**
     * Chooses.
     *
     * @param run the run's configuration
     * @param device where it computes
     * @return the choice
     * @throws InvalidInputException if a plan is asked for and cannot be, or the run does not fit the device's memory
     */
    public static PassChoice of(RunConfig run, Device device) {
        return of(run, device, 1);
    }

    /**
     * Chooses for one of several processes.
     *
     * @param run the run's configuration
     * @param device where it computes
     * @param processes how many learn together
     * @return the choice
     * @throws InvalidInputException if a plan is asked for and cannot be, or the run does not fit the device's memory
     */
    public static PassChoice of(RunConfig run, Device device, int processes) {
        return of(run, PassDevice.of(device), false, processes);
    }

    /**
     * Chooses for passes alone: without updates, and with nothing between passes.
     *
     * @param run the run's configuration
     * @param device where it computes
     * @return the choice
     * @throws InvalidInputException if a plan is asked for and cannot be, or passes do not fit the device's memory
     */
    public static PassChoice ofPassAlone(RunConfig run, Device device) {
        return of(run, PassDevice.of(device), true, 1);
    }

    static PassChoice of(RunConfig run, PassDevice device, boolean passAlone, int processes) {
        OlmoeConfig model = ModelSetup.config(run, null);
        TrainingPass.Start start = run.training().cudaGraph() == GraphMode.OFF ? TrainingPass.Start.LAUNCHES : TrainingPass.Start.GRAPH;
        Optional<String> whyBlocks = run.training().pass() == PassMode.BLOCKS ? Optional.of("as training.pass says")
                : unsupported(run, model, device).map(reason -> "because " + reason);
        return new PassChoice(whyBlocks, start, whyBlocks.isPresent() ? CheckpointingChoice.ofBlocks(run, model, device, passAlone, processes)
                : CheckpointingChoice.ofPlan(run, model, device, passAlone, processes));
    }

    private static Optional<String> unsupported(RunConfig run, OlmoeConfig model, PassDevice device) {
        Optional<String> unsupported = PassFit.unsupported(model, new PassFit.Wish(run.precision(), run.kernel(),
                run.data().sequenceLength()), device);
        if (run.training().pass() == PassMode.PLAN && unsupported.isPresent()) {
            throw new InvalidInputException("training.pass=plan is asked for, but passes cannot run as a plan: " + unsupported.get()
                    + ": change that, or set training.pass=auto");
        }
        return unsupported;
    }

    /**
     * The plans of a step's micro-batches.
     *
     * @param run the run's configuration
     * @param kept what is kept of each layer for the backward phase
     * @param processes how many learn together
     * @return their shapes: the first overwrites gradients, others add to them
     */
    public static List<PassShape> shapes(RunConfig run, Kept kept, int processes) {
        List<PassShape> shapes = new ArrayList<>();
        shapes.add(shape(run, kept, false));
        boolean isPassing = processes > 1 && run.distributed().shard() == ShardMode.GRADIENTS;
        if (run.training().gradientAccumulationSteps() > processes && !isPassing) {
            shapes.add(shape(run, kept, true));
        }
        return shapes;
    }

    private static PassShape shape(RunConfig run, Kept kept, boolean add) {
        return new PassShape(run.training().microBatch(), run.data().sequenceLength(), run.data().documentMask(), add, kept);
    }

    /** For people: the value of "pass: ". */
    @Override
    public String toString() {
        return whyBlocks.map(reason -> "blocks, " + reason)
                .orElse(start == TrainingPass.Start.GRAPH ? "plan (CUDA graph)" : "plan (launch by launch)");
    }
}
