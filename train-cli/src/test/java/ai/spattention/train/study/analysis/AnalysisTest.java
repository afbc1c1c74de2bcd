package ai.spattention.train.study.analysis;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.train.study.analysis.ProbeAnalysis.BinDifference;
import ai.spattention.train.study.result.Measurement;
import ai.spattention.train.study.result.MeasurementName;
import ai.spattention.train.study.result.RunResult;
import ai.spattention.train.study.result.Studies;
import ai.spattention.train.study.result.StudyArm;
import ai.spattention.train.study.result.StudyPart;
import ai.spattention.train.study.result.StudyResult;
import ai.spattention.train.study.statistics.Comparison;
import ai.spattention.train.study.statistics.Verdict;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AnalysisTest {

    private final StudyResult study = Studies.of(worse());
    private final StudyPart breadth = study.parts().get(0);

    private static Map<String, Double> worse() {
        Map<String, Double> worse = new LinkedHashMap<>();
        worse.put("causal", 0.0);
        worse.put("sp", 0.05);
        worse.put("local", 0.2);
        return worse;
    }

    @Test
    void lossesAreThoseOfThePartAndText() {
        LossAnalysis validation = LossAnalysis.of(study, breadth, "validation");
        LossAnalysis code = LossAnalysis.of(study, breadth, "code");
        assertEquals(List.of("sp", "local"), validation.comparisons().stream().map(each -> each.difference().arm()).toList());
        assertEquals(validation.mean("sp") - 1, code.mean("sp"), 1e-9);
        assertEquals(0.05, validation.comparison("sp").orElseThrow().difference().estimate(), 0.01);
        assertEquals(List.of(), LossAnalysis.gaps(List.of(validation, code)));
        assertTrue(LossAnalysis.of(study, breadth, "unknown").measured().isEmpty());
    }

    @Test
    void aClaimWithTheReferenceTakesTheVerdictOfItsForestPlot() {
        LossAnalysis losses = LossAnalysis.of(study, breadth, "validation");
        ClaimAnalysis claims = ClaimAnalysis.of(study, losses, Claim.OF_PAPER);
        assertEquals(2, claims.comparisons().size());
        assertEquals(losses.comparison("sp").orElseThrow(), claims.comparisons().get(Claim.OF_PAPER.get(0)));
        Comparison local = claims.comparisons().entrySet().stream().filter(entry -> entry.getKey().other().equals("local")).findFirst()
                .orElseThrow().getValue();
        assertEquals(-0.15, local.difference().estimate(), 0.01);
        assertEquals(local.difference().p(), local.adjustedP(), "asked alone, it needs no correction");
    }

    @Test
    void anArmIsFoundByItsPatternToo() {
        List<StudyArm> arms = study.arms().stream().map(arm -> new StudyArm(arm.name() + "-1", "", arm.settings(), 1, List.of())).toList();
        StudyPart part = new StudyPart("breadth", 300, 100, arms.stream().map(StudyArm::name).toList(), List.of(1L, 2L));
        StudyResult renamed = new StudyResult(1, "s", "", arms, "causal-1", 0.01, List.of(part), List.of("validation"), List.of(), 64,
                List.of(), List.of(), Map.of(), "", "", part.arms().stream().flatMap(arm -> part.seeds().stream()
                        .map(seed -> Studies.run(part, arm, seed, 0.1))).toList());
        LossAnalysis losses = LossAnalysis.of(renamed, part, "validation");
        assertEquals(2, ClaimAnalysis.of(renamed, losses, Claim.OF_PAPER).comparisons().size());
    }

    @ParameterizedTest
    @CsvSource({"true, BETTER, HOLDS", "true, EQUAL, HOLDS", "true, WORSE, FAILS", "true, UNDECIDED, UNDECIDED", "false, BETTER, HOLDS",
        "false, EQUAL, FAILS", "false, WORSE, FAILS", "false, UNDECIDED, UNDECIDED"})
    void aLeadBelowTheMarginIsNone(boolean isParity, Verdict verdict, Outcome outcome) {
        assertEquals(outcome, Outcome.of(new Claim("c", "a", "b", isParity, ""), new Comparison(null, 0.5, 0.01, verdict)));
    }

    @Test
    void binsAreComparedSeedBySeedAndWindowByWindow() {
        ProbeAnalysis copy = ProbeAnalysis.of(study, breadth, MeasurementName.COPY).get(0);
        assertEquals("fixed", copy.layout());
        assertTrue(copy.bins().get("causal").stream().allMatch(bin -> bin.difference().isEmpty()), "the reference is compared with nothing");
        ProbeAnalysis.ArmBin far = copy.bins().get("sp").get(8);
        BinDifference difference = far.difference().orElseThrow();
        assertEquals("1000", far.label());
        assertEquals(-1, difference.estimate(), 1e-9); // worse by 0.05 times 1000 / 50, whatever the seed
        assertEquals(List.of(1L, 2L, 3L), List.copyOf(difference.bySeed().keySet()));
        assertEquals(-1, difference.interval().orElseThrow().low(), 1e-3);
        assertEquals(List.of(), ProbeAnalysis.of(study, breadth, "unknown"));
    }

    @Test
    void theTextThatDecidesComesFirst() {
        List<RunResult> runs = study.runs().stream().map(AnalysisTest::withPositionsOnCodeFirst).toList();
        StudyResult both = new StudyResult(StudyResult.VERSION, "s", "", study.arms(), "causal", 0.01, study.parts(), study.sets(), List.of(), 64,
                List.of(), List.of(), Map.of(), "", "", runs);
        assertEquals(List.of("validation fixed", "validation sequence", "code fixed"), ProbeAnalysis.of(both, breadth, MeasurementName.POSITION)
                .stream().map(each -> each.set() + " " + each.layout()).toList());
    }

    private static RunResult withPositionsOnCodeFirst(RunResult run) {
        Measurement positions = run.probes().stream().filter(each -> each.probe().equals(MeasurementName.POSITION)).findFirst().orElseThrow();
        Stream<Measurement> first = Stream.of(new Measurement(positions.probe(), positions.layout(), "code", positions.unit(), true,
                positions.bins()));
        return new RunResult(run.formatVersion(), run.part(), run.arm(), run.seed(), run.configurationDigest(), run.dataDigest(), run.steps(),
                run.tokens(), run.totalParams(), run.activeParams(), run.heldOut(), Stream.concat(first, run.probes().stream()).toList(),
                run.curve(), run.tokensPerSecond(), run.device());
    }

    @Test
    void theLargestBudgetDecidesWhetherAnArmPaysOff() {
        List<BreakEvenAnalysis> analyses = BreakEvenAnalysis.of(study);
        assertEquals(List.of("sp", "local"), analyses.stream().map(BreakEvenAnalysis::arm).toList());
        BreakEvenAnalysis sp = analyses.get(0);
        assertEquals("depth", sp.part().name());
        assertEquals(0.15, sp.even().slope(), 1e-9);
        double difference = LossAnalysis.of(study, study.parts().get(1), "validation").comparison("sp").orElseThrow().difference().estimate();
        assertEquals(Math.exp(difference / 0.15), sp.even().ratio(), 1e-9);
        assertEquals(1.4, sp.measured().orElseThrow().factor());
        assertEquals("speed-up not measured", analyses.get(1).verdict());
    }
}
