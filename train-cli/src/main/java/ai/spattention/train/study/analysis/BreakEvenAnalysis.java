package ai.spattention.train.study.analysis;

import ai.spattention.train.study.result.SpeedUp;
import ai.spattention.train.study.result.StudyPart;
import ai.spattention.train.study.result.StudyResult;
import ai.spattention.train.study.statistics.BreakEven;
import ai.spattention.train.study.statistics.Comparison;
import ai.spattention.train.study.statistics.Interval;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Whether an arm pays off: the speed-up that it needs at the largest budget, and the one that was measured.
 *
 * @param arm the arm
 * @param part the part whose difference is made up for
 * @param even the speed-up that it needs
 * @param measured the speed-up that was measured elsewhere, empty if none was
 */
public record BreakEvenAnalysis(String arm, StudyPart part, BreakEven even, Optional<SpeedUp> measured) {

    /**
     * Works out what arms need, at the part with the most tokens that they and the reference are in. The slope is that of the reference's
     * loss between the parts with the fewest and the most tokens, over the seeds that both have.
     *
     * @param study the study
     * @return an entry for each arm that can be told; none with one budget
     */
    public static List<BreakEvenAnalysis> of(StudyResult study) {
        List<LossAnalysis> losses = study.parts().stream().sorted(Comparator.comparingLong(StudyPart::tokens))
                .map(part -> LossAnalysis.of(study, part, study.mainSet()))
                .filter(loss -> loss.measured().containsKey(study.reference())).toList();
        if (losses.isEmpty()) {
            return List.of();
        }
        LossAnalysis few = losses.get(0);
        LossAnalysis many = losses.get(losses.size() - 1);
        Optional<BreakEven.Budget> one = budget(few, many);
        Optional<BreakEven.Budget> other = budget(many, few);
        if (one.isEmpty() || other.isEmpty()) {
            return List.of();
        }
        List<BreakEvenAnalysis> analyses = new ArrayList<>();
        study.arms().forEach(arm -> {
            for (int i = losses.size() - 1; i >= 0; i--) {
                Optional<Comparison> comparison = losses.get(i).comparison(arm.name());
                if (comparison.isPresent()) {
                    StudyPart part = losses.get(i).part();
                    BreakEven.of(one.get(), other.get(), comparison.get().difference()).ifPresent(even -> analyses.add(
                            new BreakEvenAnalysis(arm.name(), part, even, measured(study, arm.name()))));
                    return;
                }
            }
        });
        return analyses;
    }

    private static Optional<BreakEven.Budget> budget(LossAnalysis losses, LossAnalysis others) {
        Map<Long, Double> own = losses.measured().get(losses.reference());
        Map<Long, Double> shared = own.entrySet().stream().filter(entry -> others.measured().get(others.reference())
                .containsKey(entry.getKey())).collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue));
        return shared.isEmpty() ? Optional.empty() : Optional.of(new BreakEven.Budget(losses.part().tokens(),
                shared.values().stream().mapToDouble(value -> value).average().orElseThrow()));
    }

    private static Optional<SpeedUp> measured(StudyResult study, String arm) {
        return study.speedUps().stream().filter(speedUp -> speedUp.arm().equals(arm)).findFirst();
    }

    /**
     * What that says.
     *
     * @return a sentence's end: that it pays off, does not, or that this cannot be told
     */
    public String verdict() {
        if (measured.isEmpty()) {
            return even.ratio() <= 1 ? "needs no speed-up; none was measured" : "speed-up not measured";
        }
        double factor = measured.get().factor();
        Optional<Interval> interval = even.interval95();
        if (interval.isEmpty()) {
            return "undecided: the error of the loss is not known";
        }
        if (factor > interval.get().high()) {
            return "✓ wins at equal time";
        }
        return factor < interval.get().low() ? "✗ loses at equal time" : "? undecided";
    }
}
