package ai.spattention.train.report;

import ai.spattention.train.metrics.ExpertLoad;
import ai.spattention.train.metrics.StepMetrics;
import ai.spattention.train.page.Scale;
import java.util.Collections;
import java.util.List;
import java.util.OptionalDouble;
import java.util.function.Function;

/** One number of a step that has a curve of its own. */
enum Metric {

    LOSS("Training loss", "nats per token", Scale.LOGARITHMIC, true, always(StepMetrics::loss)),
    VALIDATION_LOSS("Validation loss", "nats per token", Scale.LOGARITHMIC, false, StepMetrics::validationLoss),
    LOAD_BALANCING("Load-balancing loss", "before its weight", Scale.LINEAR, true, always(StepMetrics::lossAux)),
    ROUTER_Z("Router z-loss", "before its weight", Scale.LINEAR, true, always(StepMetrics::lossZ)),
    GRADIENT_NORM("Gradient norm", "before clipping", Scale.LOGARITHMIC, true, always(StepMetrics::gradientNorm)),
    LEARNING_RATE("Learning rate", "", Scale.FROM_ZERO, false, always(StepMetrics::learningRate)),
    THROUGHPUT("Throughput", "tokens/s", Scale.FROM_ZERO, true, always(StepMetrics::tokensPerSecond)),
    UTILISATION("Model-FLOP utilisation", "of the device's peak", Scale.FROM_ZERO, true, StepMetrics::utilisation),
    MEMORY("Memory", "MiB", Scale.FROM_ZERO, false, StepMetrics::memoryMb),
    GPU_MEMORY("GPU memory", "MiB", Scale.FROM_ZERO, false, StepMetrics::gpuMemoryMb),
    PEAK_LOAD("Busiest expert of any layer", "times the even share", Scale.LINEAR, true,
            metrics -> metrics.expertLoad().stream().mapToDouble(Metric::peakLoad).max()),
    EVENNESS("Routing entropy, mean of the layers", "of the largest possible", Scale.LINEAR, true,
            metrics -> metrics.expertLoad().stream().mapToDouble(ExpertLoad::evenness).average());

    private final String title;
    private final String unit;
    private final Scale scale;
    private final boolean isNoisy;
    private final Function<StepMetrics, OptionalDouble> value;

    Metric(String title, String unit, Scale scale, boolean isNoisy, Function<StepMetrics, OptionalDouble> value) {
        this.title = title;
        this.unit = unit;
        this.scale = scale;
        this.isNoisy = isNoisy;
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

    /** What stands in a chart's place if there is none. */
    String absence() {
        return this == UTILISATION ? title + ": unknown, for it is not known what the device can do at most; training.peak_tflops"
                + " tells." : title + ": not measured.";
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
