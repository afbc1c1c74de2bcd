package ai.spattention.train.study.page;

import static j2html.TagCreator.div;
import static j2html.TagCreator.each;
import static j2html.TagCreator.p;

import ai.spattention.train.report.chart.Page;
import ai.spattention.train.study.analysis.Claim;
import ai.spattention.train.study.analysis.ClaimAnalysis;
import ai.spattention.train.study.analysis.LossAnalysis;
import ai.spattention.train.study.analysis.Outcome;
import ai.spattention.train.study.result.StudyResult;
import ai.spattention.train.study.statistics.Comparison;
import j2html.tags.DomContent;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What was claimed, and what this study says of it, part by part. */
final class ClaimSection {

    private ClaimSection() {}

    static DomContent draw(StudyResult study, List<LossAnalysis> losses) {
        List<ClaimAnalysis> parts = losses.stream().map(loss -> ClaimAnalysis.of(study, loss, Claim.OF_PAPER)).toList();
        List<List<String>> rows = new ArrayList<>();
        List<String> untold = new ArrayList<>();
        for (Claim claim : Claim.OF_PAPER) {
            List<ClaimAnalysis> measured = parts.stream().filter(part -> part.comparisons().containsKey(claim)).toList();
            measured.forEach(part -> rows.add(row(claim, part)));
            if (measured.isEmpty()) {
                untold.add(claim.text());
            }
        }
        return Page.section("Claims", rows.isEmpty() ? p("This study has no finished runs of the arms that the paper's claims are about.")
                : div(Page.table(List.of("claim", "the paper: accuracy of sp less the other's", "part",
                        "here: loss of sp less the other's, nats a token", "95% interval", "verdict"), rows)).withClass("claims"),
                rows.isEmpty() ? each() : p("A loss below the other's is better: ▼ better, ▲ worse, = equal (the 90% interval lies within ±"
                        + study.margin() + " nats a token, declared beforehand), ? undecided. A claim of being on par holds (✓) where sp is"
                        + " equal or better, a claim of being ahead only where it is better. Intervals are for one comparison; verdicts are"
                        + " corrected by Holm: comparisons with " + study.reference() + " for all arms, the others for one another. The"
                        + " paper's errors are one standard error from its test sets' sizes, one run each."),
                untold.isEmpty() || rows.isEmpty() ? each()
                        : p("Not tested here, for want of finished runs of an arm: " + String.join("; ", untold) + "."));
    }

    private static List<String> row(Claim claim, ClaimAnalysis part) {
        Comparison comparison = part.comparisons().get(claim);
        Outcome outcome = Outcome.of(claim, comparison);
        return List.of(claim.text(), claim.paper(), part.losses().part().name(), Texts.signed(comparison.difference().estimate()),
                Texts.interval(comparison.difference().interval95()),
                outcome.symbol() + " " + outcome.words() + (outcome == Outcome.UNDECIDED ? "" : ": " + Texts.verdict(comparison)));
    }

    /** The claims in a line, for the top of the page. */
    static String summary(StudyResult study, LossAnalysis losses) {
        ClaimAnalysis part = ClaimAnalysis.of(study, losses, Claim.OF_PAPER);
        if (part.comparisons().isEmpty()) {
            return "";
        }
        var counts = part.comparisons().entrySet().stream()
                .collect(Collectors.groupingBy(entry -> Outcome.of(entry.getKey(), entry.getValue()), Collectors.counting()));
        return "In part " + losses.part().name() + ", of " + part.comparisons().size() + " claims: " + Stream.of(Outcome.values())
                .map(outcome -> counts.getOrDefault(outcome, 0L) + " " + switch (outcome) {
                    case HOLDS -> "confirmed";
                    case FAILS -> "refuted or without a lead above the margin";
                    case UNDECIDED -> "undecided";
                }).collect(Collectors.joining(", ")) + ".";
    }
}
