package ai.spattention.train.loop;

import ai.djl.Device;
import ai.spattention.InvalidInputException;
import ai.spattention.olmoe.config.OlmoeConfig;
import ai.spattention.olmoe.pass.Kept;
import ai.spattention.olmoe.pass.PassFit;
import ai.spattention.olmoe.pass.PassShape;
import ai.spattention.olmoe.pass.TrainingPass;
import ai.spattention.train.config.GraphMode;
import ai.spattention.train.config.PassMode;
import ai.spattention.train.config.RunConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Which way a run's training passes go.
 *
 * @param whyBlocks why the model's blocks run; empty for a plan
 * @param start how a plan is started
 */
public record PassChoice(Optional<String> whyBlocks, TrainingPass.Start start) {

    /**
     * Chooses.
     *
     * @param run the run's configuration
     * @param device where it computes
     * @return the choice
     * @throws InvalidInputException if a plan is asked for and cannot be
     */
    public static PassChoice of(RunConfig run, Device device) {
        return of(run, ModelSetup.config(run, null), device);
    }

    private static PassChoice of(RunConfig run, OlmoeConfig model, Device device) {
        TrainingPass.Start start = run.training().cudaGraph() == GraphMode.OFF ? TrainingPass.Start.LAUNCHES : TrainingPass.Start.GRAPH;
        if (run.training().pass() == PassMode.BLOCKS) {
            return new PassChoice(Optional.of("as training.pass says"), start);
        }
        Optional<String> misfit = PassFit.misfit(model, new PassFit.Wish(run.precision(), run.model().kernel(),
                run.data().sequenceLength()), device);
        if (run.training().pass() == PassMode.PLAN && misfit.isPresent()) {
            throw new InvalidInputException("training.pass=plan is asked for, but passes cannot run as a plan: " + misfit.get()
                    + ": change that, or set training.pass=auto");
        }
        return new PassChoice(misfit.map(reason -> "because " + reason), start);
    }

    /**
     * The plans of a step's micro-batches.
     *
     * @param run the run's configuration
     * @return their shapes: the first overwrites gradients, others add to them
     */
    public static List<PassShape> shapes(RunConfig run) {
        List<PassShape> shapes = new ArrayList<>();
        shapes.add(shape(run, false));
        if (run.training().gradientAccumulationSteps() > 1) {
            shapes.add(shape(run, true));
        }
        return shapes;
    }

    private static PassShape shape(RunConfig run, boolean add) {
        return new PassShape(run.training().microBatch(), run.data().sequenceLength(), run.data().documentMask(), add, kept(run));
    }

    /** What a plan keeps of each layer for the backward phase. */
    static Kept kept(RunConfig run) {
        return run.training().activationCheckpointing() ? Kept.INPUTS : Kept.ALL;
    }

    /** For people: the value of "pass: ". */
    @Override
    public String toString() {
        return whyBlocks.map(reason -> "blocks, " + reason)
                .orElse(start == TrainingPass.Start.GRAPH ? "plan (CUDA graph)" : "plan (launch by launch)");
    }
}
