package ai.spattention.train.study.analysis;

import ai.spattention.train.study.result.StudyArm;
import ai.spattention.train.study.result.StudyResult;
import ai.spattention.train.study.statistics.Comparison;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Claims against the losses of a part. Comparisons with the reference are those of {@link LossAnalysis}, corrected for all arms; the others
 * are corrected for one another.
 *
 * @param losses the losses
 * @param comparisons each claim whose arms the part has, with the comparison that decides it
 */
public record ClaimAnalysis(LossAnalysis losses, Map<Claim, Comparison> comparisons) {

    private static final String PATTERN = "model.attention_pattern";

    /**
     * Tests claims. A claim's arm is the study's arm of that name, else its first arm with the attention pattern of that name.
     *
     * @param study the study
     * @param losses the losses of one of its parts
     * @param claims the claims
     * @return those that the part can say something of
     */
    public static ClaimAnalysis of(StudyResult study, LossAnalysis losses, List<Claim> claims) {
        Map<Claim, Comparison.Pair> pairs = new LinkedHashMap<>();
        for (Claim claim : claims) {
            Optional<String> arm = arm(study, losses, claim.arm());
            Optional<String> other = arm(study, losses, claim.other());
            if (arm.isPresent() && other.isPresent() && !arm.equals(other) && !losses.model().table().seeds().isEmpty()) {
                pairs.put(claim, new Comparison.Pair(arm.get(), other.get()));
            }
        }
        List<Comparison.Pair> others = pairs.values().stream().filter(pair -> !isWithReference(losses, pair)).distinct().toList();
        List<Comparison> compared = Comparison.of(losses.model(), others, losses.margin());
        Map<Claim, Comparison> comparisons = new LinkedHashMap<>();
        pairs.forEach((claim, pair) -> comparisons.put(claim, isWithReference(losses, pair)
                ? losses.comparison(pair.arm()).orElseThrow() : compared.get(others.indexOf(pair))));
        return new ClaimAnalysis(losses, comparisons);
    }

    private static boolean isWithReference(LossAnalysis losses, Comparison.Pair pair) {
        return pair.other().equals(losses.reference());
    }

    private static Optional<String> arm(StudyResult study, LossAnalysis losses, String wanted) {
        return study.arm(wanted).or(() -> study.arms().stream().filter(arm -> wanted.equals(arm.settings().get(PATTERN))).findFirst())
                .map(StudyArm::name).filter(losses.model().table().arms()::contains);
    }
}
