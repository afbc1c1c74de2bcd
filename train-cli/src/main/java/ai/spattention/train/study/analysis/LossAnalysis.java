package ai.spattention.train.study.analysis;

import ai.spattention.train.study.result.HeldOutLoss;
import ai.spattention.train.study.result.RunResult;
import ai.spattention.train.study.result.StudyArm;
import ai.spattention.train.study.result.StudyPart;
import ai.spattention.train.study.result.StudyResult;
import ai.spattention.train.study.statistics.AdditiveModel;
import ai.spattention.train.study.statistics.Comparison;
import ai.spattention.train.study.statistics.SeedTable;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * The final losses on one text of one part's runs, and how arms differ in them.
 *
 * @param part the part
 * @param set the text
 * @param reference the arm that others are compared with
 * @param margin nats a token that do not matter
 * @param measured for each arm with a finished run, the loss of each seed in nats a token, balanced or not
 * @param model the fit to the complete seeds
 * @param comparisons each arm with the reference, corrected for all of them; empty if the reference or a complete seed is missing
 */
public record LossAnalysis(StudyPart part, String set, String reference, double margin, Map<String, Map<Long, Double>> measured,
        AdditiveModel model, List<Comparison> comparisons) {

    /**
     * Analyses a text's losses.
     *
     * @param study the study
     * @param part one of its parts
     * @param set one of its texts
     * @return the analysis
     */
    public static LossAnalysis of(StudyResult study, StudyPart part, String set) {
        Map<String, Map<Long, Double>> measured = new LinkedHashMap<>();
        study.arms().forEach(arm -> measured.put(arm.name(), new TreeMap<>()));
        for (RunResult run : study.runs(part.name())) {
            HeldOutLoss loss = run.heldOut().get(set);
            if (loss != null) {
                measured.get(run.arm()).put(run.seed(), loss.natsPerToken());
            }
        }
        measured.values().removeIf(Map::isEmpty);
        AdditiveModel model = AdditiveModel.fit(SeedTable.of(study.arms().stream().map(StudyArm::name)
                .filter(part.arms()::contains).toList(), measured));
        boolean isComparable = model.table().arms().contains(study.reference()) && !model.table().seeds().isEmpty();
        return new LossAnalysis(part, set, study.reference(), study.margin(), measured, model,
                isComparable ? Comparison.withReference(model, study.reference(), study.margin()) : List.of());
    }

    /**
     * How an arm compares with the reference.
     *
     * @param arm the arm
     * @return the comparison, empty if there is none
     */
    public Optional<Comparison> comparison(String arm) {
        return comparisons.stream().filter(each -> each.difference().arm().equals(arm)).findFirst();
    }

    /**
     * An arm's mean loss over all its seeds, complete ones or not.
     *
     * @param arm an arm with a finished run
     * @return nats a token
     */
    public double mean(String arm) {
        return measured.get(arm).values().stream().mapToDouble(value -> value).average().orElseThrow();
    }

    private record Gap(String part, String problem) {}

    /**
     * What cannot be said, or only in part, and why; what is so for several texts of a part is said once.
     *
     * @param losses analyses of any parts and texts
     * @return a sentence each
     */
    public static List<String> gaps(List<LossAnalysis> losses) {
        Map<Gap, List<String>> sets = new LinkedHashMap<>();
        losses.forEach(loss -> loss.problems().forEach(problem ->
                sets.computeIfAbsent(new Gap(loss.part.name(), problem), key -> new ArrayList<>()).add(loss.set)));
        return sets.entrySet().stream().map(entry -> "Part " + entry.getKey().part + ", " + Words.list(entry.getValue()) + ": "
                + entry.getKey().problem + ".").toList();
    }

    private List<String> problems() {
        List<String> problems = new ArrayList<>();
        SeedTable table = model.table();
        if (!table.missing().isEmpty()) {
            problems.add("no finished run of " + String.join(", ", table.missing()));
        }
        if (!table.leftOut().isEmpty()) {
            problems.add("some arms have no finished run of seed " + Words.list(table.leftOut()) + "; differences use the complete seeds "
                    + (table.seeds().isEmpty() ? "only, and there is none" : Words.list(table.seeds()) + " only"));
        }
        if (table.arms().size() > 1 && table.seeds().size() == 1) {
            problems.add("one seed says nothing of how much seeds differ, so no difference is decided");
        }
        if (!table.arms().isEmpty() && !table.arms().contains(reference)) {
            problems.add("without a run of the reference " + reference + " nothing is compared");
        }
        return problems;
    }
}
