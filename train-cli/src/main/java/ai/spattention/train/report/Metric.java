package ai.spattention.train.report;

import ai.spattention.train.metrics.ExpertLoad;
import ai.spattention.train.metrics.StepMetrics;
import ai.spattention.train.report.chart.Scale;
import java.util.Collections;
import java.util.List;
import java.util.OptionalDouble;
import java.util.function.Function;

/** One number of a step that has a curve of its own. */
enum Metric {

    LOSS("Training loss", "nats per token", Scale.LOGARITHMIC, true,
            "Less is better. A curve that still falls at its end would gain from more steps; a rise that stays says that learning broke.",
            always(StepMetrics::loss)),
    VALIDATION_LOSS("Validation loss", "nats per token", Scale.LOGARITHMIC, false,
            "The loss on text that is not learnt from: less is better. Where it rises while the training loss falls, text is learnt by heart.",
            StepMetrics::validationLoss),
    LOAD_BALANCING("Load-balancing loss", "before its weight", Scale.LINEAR, true,
            "Least where the experts are used evenly; a rise says that few of them take over.",
            always(StepMetrics::lossAux)),
    ROUTER_Z("Router z-loss", "before its weight", Scale.LINEAR, true,
            "The size of the router's numbers; it should stay level.",
            always(StepMetrics::lossZ)),
    GRADIENT_NORM("Gradient norm", "before clipping", Scale.LOGARITHMIC, true,
            "Spikes are batches that pull hard; many, or a rise that stays, announce that learning breaks.",
            always(StepMetrics::gradientNorm)),
    LEARNING_RATE("Learning rate", "step size of the update", Scale.FROM_ZERO, false,
            "As the schedule has it: other curves are read against it.",
            always(StepMetrics::learningRate)),
    THROUGHPUT("Throughput", "tokens/s", Scale.FROM_ZERO, true,
            "Should be level; dips are validation, checkpoints, or others on the machine.",
            always(StepMetrics::tokensPerSecond)),
    UTILISATION("Model-FLOP utilisation", "of the device's peak", Scale.FROM_ZERO, true,
            "What the model needs at least, as a part of what the device can do at most.",
            StepMetrics::utilisation),
    MEMORY("Memory", "MiB", Scale.FROM_ZERO, false,
            "Of the process. Should be level after the first steps; a steady rise is a leak.",
            StepMetrics::memoryMb),
    GPU_MEMORY("GPU memory", "MiB", Scale.FROM_ZERO, false,
            "In use on the GPU. Should be level after the first steps.",
            StepMetrics::gpuMemoryMb),
    SLOWEST("Passes of the slowest process", "seconds a step", Scale.FROM_ZERO, true,
            "Before processes wait for each other. Should be level, and near the median of all.",
            StepMetrics::slowestSeconds),
    MEDIAN("Passes of the median process", "seconds a step", Scale.FROM_ZERO, true,
            "Before processes wait for each other.",
            StepMetrics::medianSeconds),
    PEAK_LOAD("Busiest expert of any layer", "times the even share", Scale.LINEAR, true,
            "1 is even use; a high value says that one expert gets most of the tokens.",
            metrics -> metrics.expertLoad().stream().mapToDouble(Metric::peakLoad).max()),
    EVENNESS("Routing entropy, mean of the layers", "of the largest possible", Scale.LINEAR, true,
            "1 is even use of the experts; a fall says that the router settles on few.",
            metrics -> metrics.expertLoad().stream().mapToDouble(ExpertLoad::evenness).average());

    private final String title;
    private final String unit;
    private final Scale scale;
    private final boolean isNoisy;
    private final String see;
    private final Function<StepMetrics, OptionalDouble> value;

    Metric(String title, String unit, Scale scale, boolean isNoisy, String see, Function<StepMetrics, OptionalDouble> value) {
        this.title = title;
        this.unit = unit;
        this.scale = scale;
        this.isNoisy = isNoisy;
        this.see = see;
        this.value = value;
    }

    private static Function<StepMetrics, OptionalDouble> always(Function<StepMetrics, Double> value) {
        return metrics -> OptionalDouble.of(value.apply(metrics));
    }

    /** The load of a layer's busiest expert as a multiple of the even share; 0 for a layer without experts. */
    static double peakLoad(List<Double> shares) {
        return shares.isEmpty() ? 0 : Collections.max(shares) * shares.size();
    }

    String title() {
        return title;
    }

    /** What the values are counted in; may be empty. */
    String unit() {
        return unit;
    }

    Scale scale() {
        return scale;
    }

    /** What is to be seen in its chart. */
    String see() {
        return see;
    }

    /** What stands in a chart's place if there is none. */
    String absence() {
        return this == UTILISATION ? title + " is unknown, for it is not known what the device can do at most; training.peak_tflops"
                + " tells." : title + " was not measured.";
    }

    /** Whether it jumps from step to step, so that a mean over some steps reads better. */
    boolean isNoisy() {
        return isNoisy;
    }

    /** The step's value, empty where it was not measured. */
    OptionalDouble of(StepMetrics metrics) {
        return value.apply(metrics);
    }
}
