package ai.spattention.train.config;

import ai.spattention.Precision;
import ai.spattention.eval.probe.ProbeName;

/**
 * All of a training run's configuration. Letters: B = sequences of a micro batch, N = tokens of a sequence.
 *
 * @param name the run's name, 1 to 100 letters, digits, dots, dashes and underscores
 * @param seed the seed of the model's initial weights, of dropout and of samples, at least 0; default 0
 * @param device where to compute; default {@code auto}
 * @param precision the number format of matrix products and activations; default {@code float32}
 * @param model the model
 * @param data the prepared text
 * @param training the loop
 * @param optimizer AdamW
 * @param schedule the learning rate over the steps
 * @param validation the loss on held-out text
 * @param evaluation the benchmark tasks to score while learning
 * @param checkpoint what is kept to resume from
 * @param sample the text samples
 */
public record RunConfig(String name, long seed, DeviceChoice device, Precision precision, ModelConfig model,
        DataConfig data, TrainingConfig training, OptimizerConfig optimizer, ScheduleConfig schedule,
        ValidationConfig validation, EvaluationConfig evaluation, CheckpointConfig checkpoint, SampleConfig sample) implements Section {

    /**
     * Checks the values, and those that depend on one another.
     *
     * @throws ai.spattention.common.InvalidInputException if a value is out of range or contradicts another
     */
    public RunConfig {
        Require.that(name.matches("[A-Za-z0-9._-]{1,100}"), "name",
                "must be 1 to 100 letters, digits, dots, dashes and underscores", name);
        Require.atLeast("seed", seed, 0);
        Require.atLeast("data.seed", data.seed(), 0); // here, for what is refused may be the seed that it derives from
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
        return new RunConfig(name, seed, device, precision, model,
                new DataConfig(path, data.validationPath(), data.seed(), data.sequenceLength(), data.documentMask()), training, optimizer, schedule,
                validation, evaluation, checkpoint, sample);
    }
}
