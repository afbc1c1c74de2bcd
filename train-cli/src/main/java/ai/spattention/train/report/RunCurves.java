package ai.spattention.train.report;

import ai.spattention.train.metrics.ExpertLoad;
import ai.spattention.train.metrics.StepMetrics;
import ai.spattention.train.report.chart.Point;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** All curves of a run, which grow step by step. */
final class RunCurves {

    private final Map<Metric, Series> series = new EnumMap<>(Metric.class);
    private final Map<String, Double> bitsPerByte = new LinkedHashMap<>();
    private final Map<String, Series> heldOut = new LinkedHashMap<>();
    private final Map<String, Series> taskScores = new LinkedHashMap<>();
    private final List<Series> peakLoads = new ArrayList<>();
    private final List<Series> evenness = new ArrayList<>();
    private List<List<Double>> expertLoad = List.of();
    private StepMetrics last;

    RunCurves() {
        for (Metric metric : Metric.values()) {
            series.put(metric, new Series());
        }
    }

    /** Adds a step, which must come after the last one. */
    void add(StepMetrics metrics) {
        series.forEach((metric, curve) ->
                metric.of(metrics).ifPresent(value -> curve.add(Point.of(metrics, value))));
        metrics.heldOut().forEach((name, loss) ->
                heldOut.computeIfAbsent(name, any -> new Series()).add(Point.of(metrics, loss.natsPerToken())));
        metrics.heldOut().forEach((name, loss) -> loss.bitsPerByte().ifPresent(bits -> bitsPerByte.put(name, bits)));
        metrics.taskScores().forEach((task, scores) -> scores.forEach((metric, value) ->
                taskScores.computeIfAbsent(task + " " + metric, name -> new Series()).add(Point.of(metrics, value))));
        if (!metrics.expertLoad().isEmpty()) {
            expertLoad = metrics.expertLoad();
            for (int layer = 0; layer < expertLoad.size(); layer++) {
                if (layer == peakLoads.size()) {
                    peakLoads.add(new Series());
                    evenness.add(new Series());
                }
                peakLoads.get(layer).add(Point.of(metrics, Metric.peakLoad(expertLoad.get(layer))));
                evenness.get(layer).add(Point.of(metrics, ExpertLoad.evenness(expertLoad.get(layer))));
            }
        }
        last = metrics;
    }

    Series of(Metric metric) {
        return series.get(metric);
    }

    /** For each held-out set, its loss. */
    Map<String, Series> heldOut() {
        return Collections.unmodifiableMap(heldOut);
    }

    /** A held-out set's last loss in bits a byte; empty if its bytes are not known. */
    Optional<Double> bitsPerByte(String name) {
        return Optional.ofNullable(bitsPerByte.get(name));
    }

    /** For each benchmark task and metric, such as {@code piqa acc}, its scores. */
    Map<String, Series> taskScores() {
        return Collections.unmodifiableMap(taskScores);
    }

    /** For each layer, the busiest expert's load as a multiple of the even share. */
    List<Series> peakLoads() {
        return Collections.unmodifiableList(peakLoads);
    }

    /** For each layer, the entropy of the load as a part of the largest possible. */
    List<Series> evenness() {
        return Collections.unmodifiableList(evenness);
    }

    /** The experts' shares, layer by layer, where they were measured last. */
    List<List<Double>> expertLoad() {
        return expertLoad;
    }

    /** The last step, empty before the first. */
    Optional<StepMetrics> last() {
        return Optional.ofNullable(last);
    }
}
