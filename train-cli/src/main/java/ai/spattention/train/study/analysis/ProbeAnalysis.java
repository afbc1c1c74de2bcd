package ai.spattention.train.study.analysis;

import ai.spattention.eval.measure.Bin;
import ai.spattention.train.study.result.Measurement;
import ai.spattention.train.study.result.RunResult;
import ai.spattention.train.study.result.StudyArm;
import ai.spattention.train.study.result.StudyPart;
import ai.spattention.train.study.result.StudyResult;
import ai.spattention.train.study.statistics.Interval;
import ai.spattention.train.study.statistics.WindowBootstrap;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * What a probe measured in the runs of a part, in one layout on one text.
 *
 * @param part the part
 * @param probe the probe
 * @param layout the layout
 * @param set the text; may be empty
 * @param unit the values' unit
 * @param isLossLike whether less is better
 * @param bins for each arm that was measured, its bins in order
 */
public record ProbeAnalysis(StudyPart part, String probe, String layout, String set, String unit, boolean isLossLike,
        Map<String, List<ArmBin>> bins) {

    /**
     * A bin of an arm.
     *
     * @param label the bin's name
     * @param from where its range starts
     * @param to where its range ends
     * @param mean the mean over the seeds
     * @param bySeed each seed's mean
     * @param difference how it differs from the reference; empty for the reference itself, and where no seed has both
     */
    public record ArmBin(String label, double from, double to, double mean, Map<Long, Double> bySeed, Optional<BinDifference> difference) {}

    /**
     * A bin's difference from the reference's.
     *
     * @param estimate the mean over the seeds that both have
     * @param bySeed each seed's difference
     * @param interval the 95% interval by drawing blocks of windows, then seeds; empty where windows were not kept or are too few
     */
    public record BinDifference(double estimate, Map<Long, Double> bySeed, Optional<Interval> interval) {}

    private record Key(String layout, String set, String unit, boolean isLossLike) {

        static Key of(Measurement result) {
            return new Key(result.layout(), result.set(), result.unit(), result.isLossLike());
        }
    }

    /**
     * Analyses a probe.
     *
     * @param study the study
     * @param part one of its parts
     * @param probe the probe's name
     * @return an analysis for each layout and text, the study's texts in its order, then others as they were measured; none if the probe did
     *     not run
     */
    public static List<ProbeAnalysis> of(StudyResult study, StudyPart part, String probe) {
        Map<Key, Map<String, Map<Long, Measurement>>> results = new LinkedHashMap<>();
        for (StudyArm arm : study.arms()) {
            for (RunResult run : study.runs(part.name())) {
                if (run.arm().equals(arm.name())) {
                    run.probes().stream().filter(result -> result.probe().equals(probe)).forEach(result -> results
                            .computeIfAbsent(Key.of(result), key -> new LinkedHashMap<>())
                            .computeIfAbsent(arm.name(), key -> new TreeMap<>()).put(run.seed(), result));
                }
            }
        }
        List<ProbeAnalysis> analyses = new ArrayList<>();
        results.forEach((key, arms) -> {
            Map<String, List<ArmBin>> bins = new LinkedHashMap<>();
            arms.forEach((arm, seeds) -> bins.put(arm, bins(seeds,
                    arm.equals(study.reference()) ? Map.of() : arms.getOrDefault(study.reference(), Map.of()))));
            bins.values().removeIf(List::isEmpty);
            if (!bins.isEmpty()) {
                analyses.add(new ProbeAnalysis(part, probe, key.layout(), key.set(), key.unit(), key.isLossLike(), bins));
            }
        });
        analyses.sort(Comparator.comparingInt(analysis -> { // what decides comes first
            int place = study.sets().indexOf(analysis.set);
            return place < 0 ? study.sets().size() : place;
        }));
        return analyses;
    }

    private static List<ArmBin> bins(Map<Long, Measurement> seeds, Map<Long, Measurement> reference) {
        Map<String, Map<Long, Bin>> byLabel = byLabel(seeds);
        Map<String, Map<Long, Bin>> others = byLabel(reference);
        List<ArmBin> bins = new ArrayList<>();
        byLabel.forEach((label, own) -> {
            Bin any = own.values().iterator().next();
            Map<Long, Double> means = new TreeMap<>();
            own.forEach((seed, bin) -> means.put(seed, bin.moments().mean()));
            bins.add(new ArmBin(label, any.from(), any.to(), mean(means), means, difference(own, others.getOrDefault(label, Map.of()))));
        });
        return bins;
    }

    /** Bins without any value say nothing and are left out. */
    private static Map<String, Map<Long, Bin>> byLabel(Map<Long, Measurement> seeds) {
        Map<String, Map<Long, Bin>> bins = new LinkedHashMap<>();
        seeds.forEach((seed, result) -> result.bins().stream().filter(bin -> !bin.moments().isEmpty()).forEach(bin ->
                bins.computeIfAbsent(bin.label(), key -> new TreeMap<>()).put(seed, bin)));
        return bins;
    }

    private static Optional<BinDifference> difference(Map<Long, Bin> own, Map<Long, Bin> reference) {
        Map<Long, Double> differences = new TreeMap<>();
        List<WindowBootstrap.Pair> pairs = new ArrayList<>();
        own.forEach((seed, bin) -> {
            Bin other = reference.get(seed);
            if (other != null) {
                differences.put(seed, bin.moments().mean() - other.moments().mean());
                pairs.add(new WindowBootstrap.Pair(bin.windows(), other.windows()));
            }
        });
        return differences.isEmpty() ? Optional.empty()
                : Optional.of(new BinDifference(mean(differences), differences, WindowBootstrap.interval95(pairs)));
    }

    private static double mean(Map<Long, Double> values) {
        return values.values().stream().mapToDouble(value -> value).average().orElseThrow();
    }
}
