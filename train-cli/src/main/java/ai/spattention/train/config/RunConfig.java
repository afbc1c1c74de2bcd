package ai.spattention.train.config;

import ai.spattention.Precision;
import ai.spattention.attention.auto.Kernels;
import ai.spattention.eval.probe.ProbeName;
import ai.spattention.olmoe.config.OlmoeConfig;
import ai.spattention.olmoe.keys.InvalidKeyException;
import ai.spattention.olmoe.keys.Key;
import ai.spattention.olmoe.keys.Range;
import ai.spattention.olmoe.keys.RecordKeys;
import ai.spattention.train.config.Section.Default;
import java.util.List;

/** All of a training run's configuration. Letters: B = sequences of a micro batch, N = tokens of a sequence. */
public record RunConfig(
        @Key(meaning = "the run's name", allowed = "1 to 100 letters, digits, dots, dashes and underscores") String name,
        @Key(meaning = "folder of a model (or of a finished run) whose weights, sizes and settings a run begins with; empty for new weights",
                defaultValue = "\"\"") String from,
        @Key(meaning = "seed of the model's initial weights, of dropout and of samples", defaultValue = "0")
        @Range(min = 0) long seed,
        @Key(meaning = "where to compute; auto: on the first GPU, or the processor where there is none", defaultValue = "auto")
        DeviceChoice device,
        @Key(meaning = "number format of matrix products and activations; parameters stay float32", defaultValue = "float32")
        Precision precision,
        @Section(meaning = "an OLMoE model, by the names of Hugging Face's config.json, and its attention",
                without = {"router_aux_loss_coef", "router_z_loss_coef", "bos_token_id", "eos_token_id", "pad_token_id"},
                defaults = {@Default(key = "attention_pattern", value = "sp"), @Default(key = "layout_length", follows = "data.sequence_length"),
                    @Default(key = "max_position_embeddings", follows = "data.sequence_length")})
        OlmoeConfig model,
        @Key(meaning = "how attention is computed", name = "model.kernel", defaultValue = "auto",
                allowed = "auto, a kernel of this project (dense, masked, sdpa, tiled, window, fused), or one of your own on the class path")
        String kernel,
        @Section(meaning = "the text that is learnt from", defaults = @Default(key = "seed", follows = "seed")) DataConfig data,
        @Section(meaning = "the training loop: a step is one update of the weights") TrainingConfig training,
        @Section(meaning = "several processes that train one model; without effect in a run of one") DistributedConfig distributed,
        @Section(meaning = "AdamW") OptimizerConfig optimizer,
        @Section(meaning = "the learning rate over the steps") ScheduleConfig schedule,
        @Section(meaning = "the loss on held-out text, and what else is asked of the model there") ValidationConfig validation,
        @Section(meaning = "benchmark tasks that the model is scored on while it learns") EvaluationConfig evaluation,
        @Section(meaning = "what is kept to resume from") CheckpointConfig checkpoint,
        @Section(meaning = "text that the model writes while it learns") SampleConfig sample) {

    private static final RecordKeys<RunConfig> KEYS = RecordKeys.of(RunConfig.class);

    /**
     * Checks the values, and those that depend on one another.
     *
     * @throws InvalidKeyException if a value is out of range or contradicts another
     */
    public RunConfig {
        Require.that(name.matches("[A-Za-z0-9._-]{1,100}"), "name",
                "must be 1 to 100 letters, digits, dots, dashes and underscores", name);
        KEYS.check("", name, from, seed, device, precision, kernel);
        List<String> kernels = Kernels.names();
        Require.that(kernels.contains(kernel), "model.kernel", "must be one of " + String.join(", ", kernels), kernel);
        Require.that(model.initializerRange() > 0, "model.initializer_range", "must be positive and finite", model.initializerRange());
        Require.that(data.seed() >= 0, "data.seed", "must be at least 0", data.seed()); // here: it may have been derived from the seed
        if (model.maxPositionEmbeddings() < data.sequenceLength()) {
            throw new InvalidKeyException("model.max_position_embeddings must be at least data.sequence_length (got "
                    + model.maxPositionEmbeddings() + " and " + data.sequenceLength() + ")",
                    "model.max_position_embeddings", "data.sequence_length");
        }
        requireCountable(training, data.sequenceLength());
        if (validation.probeNames().contains(ProbeName.TASKS) && evaluation.taskNames().isEmpty()) {
            throw new InvalidKeyException("validation.probes names tasks, but evaluation.tasks names none: name them, with evaluation.data",
                    "validation.probes", "evaluation.tasks");
        }
        boolean again = training.activationCheckpointing() == ActivationCheckpointing.SELECTIVE
                || training.activationCheckpointing() == ActivationCheckpointing.FULL;
        if (again && model.attentionDropout() > 0) {
            throw new InvalidKeyException("training.activation_checkpointing computes a layer twice, which"
                    + " model.attention_dropout makes differ (got " + training.activationCheckpointing() + " and " + model.attentionDropout()
                    + "): switch one of the two off", "training.activation_checkpointing", "model.attention_dropout");
        }
        if (schedule.warmupSteps() > training.steps()) {
            throw new InvalidKeyException("schedule.warmup_steps must be at most training.steps (got "
                    + schedule.warmupSteps() + " and " + training.steps() + ")",
                    "schedule.warmup_steps", "training.steps");
        }
        if (schedule.type() == ScheduleType.WSD
                && (long) schedule.warmupSteps() + schedule.decaySteps() > training.steps()) {
            throw new InvalidKeyException("schedule.warmup_steps and schedule.decay_steps together must be at most"
                    + " training.steps (got " + schedule.warmupSteps() + " + " + schedule.decaySteps() + " and "
                    + training.steps() + ")", "schedule.decay_steps", "schedule.warmup_steps", "training.steps");
        }
    }

    private static void requireCountable(TrainingConfig training, int sequenceLength) {
        try {
            long perStep = Math.multiplyExact((long) training.microBatch() * sequenceLength, training.gradientAccumulationSteps());
            Math.multiplyExact(perStep, training.steps());
        } catch (ArithmeticException e) {
            throw new InvalidKeyException("training.steps, training.micro_batch, training.gradient_accumulation_steps and"
                    + " data.sequence_length together ask for more tokens than can be counted (got " + training.steps() + ", "
                    + training.microBatch() + ", " + training.gradientAccumulationSteps() + " and " + sequenceLength + ")",
                    "training.steps", "training.micro_batch", "training.gradient_accumulation_steps", "data.sequence_length");
        }
    }

    /**
     * The tokens that one optimizer step learns from.
     *
     * @return B · gradient accumulation steps · N
     */
    public long tokensPerStep() {
        return (long) training.microBatch() * training.gradientAccumulationSteps() * data.sequenceLength();
    }

    /**
     * This configuration on other data, for commands that prepare the data themselves.
     *
     * @param path the prepared data's folder
     * @return the configuration with that path, otherwise the same
     */
    public RunConfig withDataPath(String path) {
        return new RunConfig(name, from, seed, device, precision, model, kernel,
                new DataConfig(path, data.validationPath(), data.seed(), data.sequenceLength(), data.documentMask()), training, distributed,
                optimizer, schedule, validation, evaluation, checkpoint, sample);
    }
}
