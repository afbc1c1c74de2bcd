package ai.spattention.train.metrics;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;

/**
 * What was measured in one optimizer step. Numbers that were not finite are NaN. Letters: L = layers, E = experts.
 *
 * @param step the step, from 1 on
 * @param tokens tokens learnt from up to and including this step
 * @param timeSeconds seconds since the run's start, interruptions left out
 * @param loss the language model's loss, nats per token
 * @param lossAux the load-balancing loss, before its weight
 * @param lossZ the router's z-loss, before its weight
 * @param gradientNorm the gradients' global norm before clipping
 * @param learningRate the step's learning rate
 * @param tokensPerSecond tokens of the step per second
 * @param heldOut the loss on each held-out set after the step, by its name; empty where none was measured
 * @param taskScores for each benchmark task scored after the step its metrics by name, both in the order asked for; empty
 *     where none was
 * @param utilisation the model's floating-point operations a second as a part of what the device can do at most, where that is
 *     known
 * @param memoryMb the process's resident memory in MiB, where it was measured
 * @param gpuMemoryMb the memory in use on the GPU in MiB, other programs' too; empty on a CPU
 * @param slowestSeconds of several processes the longest time that one computed the step's passes, before they wait for each other, in seconds
 * @param medianSeconds the middle one of those times, in seconds
 * @param checkpointSeconds how long the run has waited for checkpoints since the metrics before these; empty where it has not
 * @param expertLoad for each of L layers, each of E experts' share of the layer's routed tokens, which add up to 1 for a
 *     layer; empty where it was not measured
 */
public record StepMetrics(long step, long tokens, double timeSeconds, double loss, double lossAux, double lossZ,
        double gradientNorm, double learningRate, double tokensPerSecond, Map<String, HeldOutLoss> heldOut,
        Map<String, Map<String, Double>> taskScores, OptionalDouble utilisation, OptionalDouble memoryMb,
        OptionalDouble gpuMemoryMb, OptionalDouble slowestSeconds, OptionalDouble medianSeconds, OptionalDouble checkpointSeconds,
        List<List<Double>> expertLoad) {

    /** Copies the maps and lists. */
    public StepMetrics {
        Map<String, Map<String, Double>> scores = new LinkedHashMap<>();
        taskScores.forEach((task, metrics) -> scores.put(task, Collections.unmodifiableMap(new LinkedHashMap<>(metrics))));
        taskScores = Collections.unmodifiableMap(scores);
        heldOut = Collections.unmodifiableMap(new LinkedHashMap<>(heldOut));
        expertLoad = expertLoad.stream().map(List::copyOf).toList();
    }

    /**
     * The loss on the held-out set that has no name of its own.
     *
     * @return nats per token; empty where there is no such set or it was not measured
     */
    public OptionalDouble validationLoss() {
        HeldOutLoss loss = heldOut.get(HeldOutLoss.UNNAMED);
        return loss == null ? OptionalDouble.empty() : OptionalDouble.of(loss.natsPerToken());
    }

    /**
     * Starts a step's metrics.
     *
     * @return a builder without any value
     */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * Takes a step's metrics up again.
     *
     * @param line what {@link #toLine} gave
     * @return a builder with what they held
     * @throws ai.spattention.common.InvalidInputException if the line is another
     */
    public static Builder ofLine(String line) {
        return StepMetricsJson.read(JsonLines.parse(line));
    }

    /**
     * The metrics as a line of {@code metrics.jsonl}.
     *
     * @return a JSON object, without the line's end
     */
    public String toLine() {
        return StepMetricsJson.write(this).toString();
    }

    /** Collects a step's metrics. Everything is required but what starts with {@code opt}. */
    public static final class Builder {

        private long step;
        private long tokens;
        private double timeSeconds = Double.NaN;
        private double loss = Double.NaN;
        private double lossAux = Double.NaN;
        private double lossZ = Double.NaN;
        private double gradientNorm = Double.NaN;
        private double learningRate = Double.NaN;
        private double tokensPerSecond = Double.NaN;
        private Map<String, HeldOutLoss> heldOut = Map.of();
        private Map<String, Map<String, Double>> taskScores = Map.of();
        private OptionalDouble utilisation = OptionalDouble.empty();
        private OptionalDouble memoryMb = OptionalDouble.empty();
        private OptionalDouble gpuMemoryMb = OptionalDouble.empty();
        private OptionalDouble slowestSeconds = OptionalDouble.empty();
        private OptionalDouble medianSeconds = OptionalDouble.empty();
        private OptionalDouble checkpointSeconds = OptionalDouble.empty();
        private List<List<Double>> expertLoad = List.of();

        Builder() {}

        /**
         * Sets the step.
         *
         * @param value the step, from 1 on
         * @return this builder
         */
        public Builder setStep(long value) {
            step = value;
            return this;
        }

        /**
         * Sets the tokens.
         *
         * @param value tokens learnt from so far
         * @return this builder
         */
        public Builder setTokens(long value) {
            tokens = value;
            return this;
        }

        /**
         * Sets the time.
         *
         * @param value seconds since the run's start
         * @return this builder
         */
        public Builder setTimeSeconds(double value) {
            timeSeconds = value;
            return this;
        }

        /**
         * Sets the losses, each before its weight.
         *
         * @param languageModel the language model's loss, nats per token
         * @param loadBalancing the load-balancing loss
         * @param routerZ the router's z-loss
         * @return this builder
         */
        public Builder setLosses(double languageModel, double loadBalancing, double routerZ) {
            loss = languageModel;
            lossAux = loadBalancing;
            lossZ = routerZ;
            return this;
        }

        /**
         * Sets the gradients' norm.
         *
         * @param value the global norm before clipping
         * @return this builder
         */
        public Builder setGradientNorm(double value) {
            gradientNorm = value;
            return this;
        }

        /**
         * Sets the learning rate.
         *
         * @param value the step's learning rate
         * @return this builder
         */
        public Builder setLearningRate(double value) {
            learningRate = value;
            return this;
        }

        /**
         * Sets the throughput.
         *
         * @param value tokens per second
         * @return this builder
         */
        public Builder setTokensPerSecond(double value) {
            tokensPerSecond = value;
            return this;
        }

        /**
         * Sets the loss on a single held-out set that has no name and whose bytes are not known.
         *
         * @param value nats per token
         * @return this builder
         */
        public Builder optValidationLoss(double value) {
            return optHeldOut(Map.of(HeldOutLoss.UNNAMED, new HeldOutLoss(value, OptionalDouble.empty())));
        }

        /**
         * Sets the loss on each held-out set.
         *
         * @param value the losses by the sets' names
         * @return this builder
         */
        public Builder optHeldOut(Map<String, HeldOutLoss> value) {
            heldOut = value;
            return this;
        }

        /**
         * Sets the scores of benchmark tasks.
         *
         * @param value for each task its metrics by name
         * @return this builder
         */
        public Builder optTaskScores(Map<String, Map<String, Double>> value) {
            taskScores = value;
            return this;
        }

        /**
         * Sets the model-FLOP utilisation.
         *
         * @param value a part of what the device can do at most
         * @return this builder
         */
        public Builder optUtilisation(double value) {
            utilisation = OptionalDouble.of(value);
            return this;
        }

        /**
         * Sets the process's resident memory.
         *
         * @param value MiB
         * @return this builder
         */
        public Builder optMemoryMb(double value) {
            memoryMb = OptionalDouble.of(value);
            return this;
        }

        /**
         * Sets the memory in use on the GPU.
         *
         * @param value MiB
         * @return this builder
         */
        public Builder optGpuMemoryMb(double value) {
            gpuMemoryMb = OptionalDouble.of(value);
            return this;
        }

        /**
         * Sets how long several processes computed the step's passes.
         *
         * @param slowest the longest time in seconds
         * @param median the middle one
         * @return this builder
         */
        public Builder optStepSeconds(double slowest, double median) {
            slowestSeconds = OptionalDouble.of(slowest);
            medianSeconds = OptionalDouble.of(median);
            return this;
        }

        /**
         * Sets how long the run waited for checkpoints.
         *
         * @param value seconds
         * @return this builder
         */
        public Builder optCheckpointSeconds(double value) {
            checkpointSeconds = OptionalDouble.of(value);
            return this;
        }

        /**
         * Sets how the experts were used.
         *
         * @param tokensPerExpert for each of L layers, how many tokens each of E experts got
         * @return this builder
         */
        public Builder optExpertLoad(long[][] tokensPerExpert) {
            expertLoad = ExpertLoad.shares(tokensPerExpert);
            return this;
        }

        Builder optShares(List<List<Double>> shares) {
            expertLoad = shares;
            return this;
        }

        /**
         * Ends the step.
         *
         * @return the metrics
         */
        public StepMetrics build() {
            if (step < 1) {
                throw new IllegalStateException("a step's metrics need the step, from 1 on (got " + step + ")");
            }
            return new StepMetrics(step, tokens, timeSeconds, loss, lossAux, lossZ, gradientNorm, learningRate,
                    tokensPerSecond, heldOut, taskScores, utilisation, memoryMb, gpuMemoryMb, slowestSeconds, medianSeconds,
                    checkpointSeconds, expertLoad);
        }
    }
}
