package ai.spattention.train.info;

import ai.djl.Device;
import ai.spattention.olmoe.config.ModelFlops;
import ai.spattention.olmoe.config.OlmoeConfig;
import ai.spattention.olmoe.tokenizer.Tokenizer;
import ai.spattention.train.config.ActivationCheckpointing;
import ai.spattention.train.config.EvaluationConfig;
import ai.spattention.train.config.RunConfig;
import ai.spattention.train.config.ScheduleType;
import ai.spattention.train.data.DataVerification;
import ai.spattention.train.data.HeldOutSet;
import ai.spattention.train.data.PreparedData;
import ai.spattention.train.data.Split;
import ai.spattention.train.data.TokenSequences;
import ai.spattention.train.loop.periodic.TaskEvaluation;
import ai.spattention.train.loop.periodic.TextProbes;
import ai.spattention.train.loop.setup.MemoryEstimate;
import ai.spattention.train.loop.setup.ModelSetup;
import ai.spattention.train.loop.setup.PassChoice;
import ai.spattention.train.loop.setup.ScheduleSetup;
import ai.spattention.train.optim.Schedule;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;

/** What a run would be, told without running it. */
public final class RunPlan {

    private RunPlan() {}

    /**
     * Plans a run. Data that is there is checked as the run would; data that is not there yet is not.
     *
     * @param run the configuration
     * @param device where it would run; empty if this machine has no such device
     * @param processes how many would learn together
     * @return the plan: model, memory, steps, data, tasks to score and learning rates
     * @throws ai.spattention.common.InvalidInputException if the data is damaged or does not fit the configuration, or passes
     *     cannot run as the configuration asks, or do not fit the device's memory
     * @throws IOException if the data cannot be read
     */
    public static ObjectNode of(RunConfig run, Optional<Device> device, int processes) throws IOException {
        OlmoeConfig model = ModelSetup.config(run, null);
        ObjectNode plan = JsonNodeFactory.instance.objectNode().put("name", run.name());
        plan.set("model", ModelInfo.sizes(model));
        Optional<PassChoice> pass = device.map(where -> PassChoice.of(run, where, processes));
        MemoryEstimate memory = pass.isPresent() ? pass.get().checkpointing().memory() : MemoryEstimate.of(model,
                (long) run.training().microBatch() * run.data().sequenceLength(), run.precision(),
                run.training().activationCheckpointing() == ActivationCheckpointing.FULL, run.optimizer().statePrecision());
        String elsewhere = "is chosen where the run is: there is no GPU here";
        plan.putObject("memory_estimate")
                .put("weights_bytes", memory.weights())
                .put("gradients_bytes", memory.gradients())
                .put("optimizer_bytes", memory.optimizer())
                .put("activations_bytes", memory.activations())
                .put("between_steps_bytes", memory.betweenSteps())
                .put("total_bytes", memory.total());
        long steps = run.training().steps();
        plan.putObject("training")
                .put("precision", run.precision().key())
                .put("kernel", run.kernel())
                .put("pass", pass.map(PassChoice::toString).orElse(elsewhere))
                .put("sequence_length", run.data().sequenceLength())
                .put("micro_batch", run.training().microBatch())
                .put("gradient_accumulation_steps", run.training().gradientAccumulationSteps())
                .put("activation_checkpointing", pass.map(choice -> choice.checkpointing().toString()).orElse(elsewhere))
                .put("tokens_per_step", run.tokensPerStep())
                .put("steps", steps)
                .put("tokens", steps * run.tokensPerStep())
                .put("flops", ModelFlops.trainingPerToken(model, run.data().sequenceLength()) * steps * run.tokensPerStep());
        plan.set("data", data(run));
        if (!run.evaluation().taskNames().isEmpty()) {
            plan.set("evaluation", evaluation(run));
        }
        ObjectNode rates = plan.putObject("learning_rate");
        Schedule schedule = ScheduleSetup.schedule(run);
        tellingSteps(run).forEach(step -> rates.put("step_" + step, schedule.learningRate(step)));
        return plan;
    }

    /** The tasks' rows are checked with the data's tokenizer, if it is there. */
    private static ObjectNode evaluation(RunConfig run) throws IOException {
        EvaluationConfig tasks = run.evaluation();
        ObjectNode info = JsonNodeFactory.instance.objectNode();
        tasks.taskNames().forEach(info.putArray("tasks")::add);
        info.put("every_steps", tasks.everySteps()).put("path", tasks.data());
        Path folder = Path.of(run.data().path());
        if (!run.data().path().isEmpty() && Files.exists(folder)) {
            ArrayNode notes = info.putArray("notes");
            try (Tokenizer tokenizer = PreparedData.open(folder).tokenizer()) {
                TaskEvaluation.prepare(tasks, tokenizer, run.model().maxPositionEmbeddings(), notes::add);
            }
        }
        return info;
    }

    private static ObjectNode data(RunConfig run) throws IOException {
        String path = run.data().path();
        Path folder = Path.of(path);
        boolean found = !path.isEmpty() && Files.exists(folder);
        ObjectNode info = JsonNodeFactory.instance.objectNode().put("path", path.isEmpty() ? null : path).put("found", found);
        if (found) {
            PreparedData data = PreparedData.open(folder);
            DataVerification.verify(data);
            ModelSetup.requireVocabulary(run, data.manifest());
            ModelSetup.requireTokenizer(run, data.manifest());
            TextProbes.check(run, data);
            try (Tokenizer tokenizer = data.tokenizer()) {
                ModelSetup.requirePrompt(run, tokenizer);
            }
            try (TokenSequences sequences = data.sequences(Split.TRAIN, run.data().sequenceLength())) {
                double wanted = (double) run.training().steps() * run.training().microBatch()
                        * run.training().gradientAccumulationSteps();
                info.put("tokens", data.manifest().tokens(Split.TRAIN)).put("sequences", sequences.count())
                        .put("epochs", wanted / sequences.count()).put("seed", run.data().seed());
            }
            info.set("held_out", heldOut(run, data));
        }
        return info;
    }

    /** The sets that the run would be measured with, by name. */
    private static ObjectNode heldOut(RunConfig run, PreparedData data) throws IOException {
        ObjectNode sets = JsonNodeFactory.instance.objectNode();
        for (HeldOutSet set : HeldOutSet.measured(data, run.data().validationPath().byName(), run.data().sequenceLength())) {
            sets.putObject(set.name()).put("tokens", set.tokens()).put("path", set.data().folder().toString())
                    .put("split", set.split().name());
        }
        return sets;
    }

    /** The first step, the end of the warm-up, the middle, the start of the decay, the last step. */
    private static SortedSet<Long> tellingSteps(RunConfig run) {
        long last = run.training().steps();
        SortedSet<Long> steps = new TreeSet<>();
        steps.add(1L);
        steps.add(Math.max(1L, run.schedule().warmupSteps()));
        steps.add((last + 1) / 2);
        if (run.schedule().type() == ScheduleType.WSD) {
            steps.add(Math.max(1, last - run.schedule().decaySteps()));
        }
        steps.add(last);
        return steps;
    }
}
