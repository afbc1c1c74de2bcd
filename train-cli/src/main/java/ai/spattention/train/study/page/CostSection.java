package ai.spattention.train.study.page;

import static j2html.TagCreator.div;
import static j2html.TagCreator.each;
import static j2html.TagCreator.p;

import ai.spattention.train.report.chart.Numbers;
import ai.spattention.train.report.chart.Page;
import ai.spattention.train.report.chart.RowChart;
import ai.spattention.train.study.analysis.BreakEvenAnalysis;
import ai.spattention.train.study.result.RunResult;
import ai.spattention.train.study.result.StudyPart;
import ai.spattention.train.study.result.StudyResult;
import j2html.tags.DomContent;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;

/** What an arm costs: the speed-up that it needs to pay off, and how fast its runs were. */
final class CostSection {

    private CostSection() {}

    static DomContent breakEven(StudyResult study, ArmStyles styles) {
        List<BreakEvenAnalysis> analyses = BreakEvenAnalysis.of(study);
        if (analyses.isEmpty()) {
            return Page.section("Break-even", p("Not known: that takes finished runs of " + study.reference() + " with the same seed at two"
                    + " budgets, the larger one with the lower loss."));
        }
        String title = "Speed-up that an arm needs to win at equal time";
        List<RowChart.Row> rows = analyses.stream().map(analysis -> new RowChart.Row(analysis.arm(), styles.of(analysis.arm()),
                analysis.measured().map(speedUp -> List.of(new RowChart.Dot(speedUp.factor(), analysis.arm() + ", measured: "
                        + Texts.times(speedUp.factor()) + " times as fast (" + speedUp.source() + ")"))).orElse(List.of()),
                OptionalDouble.of(analysis.even().ratio()), Texts.range(analysis.even().interval95()), Optional.empty(),
                "needs " + Texts.times(analysis.even().ratio()))).toList();
        List<List<String>> cells = analyses.stream().map(analysis -> List.of(analysis.arm(), analysis.part().name(),
                Texts.times(analysis.even().ratio()), analysis.even().interval95().map(interval -> Texts.times(interval.low()) + " to "
                        + Texts.times(interval.high())).orElse("not known"),
                analysis.measured().map(speedUp -> Texts.times(speedUp.factor())).orElse("not measured"),
                analysis.measured().map(speedUp -> speedUp.source()).orElse("-"), analysis.verdict())).toList();
        return Page.section("Break-even", Page.figure(title, "The upright line is the speed-up r = exp(difference / slope) that makes up for an"
                + " arm's loss by more tokens, with its 95% interval; the mark is the speed-up of whole training steps that was measured"
                + " elsewhere. A mark to the right of the interval wins at equal time. Slope: the loss of " + study.reference() + " falls by "
                + Texts.nats(analyses.get(0).even().slope()) + " nats for every e times as many tokens, taken as known.",
                RowChart.draw(title, "times " + study.reference() + "'s speed", rows, Optional.empty(), OptionalDouble.of(1)))
                .withClass("chart lone"),
                Page.table(List.of("arm", "part", "needs", "95% interval", "measured", "where", "verdict"), cells));
    }

    static DomContent speed(StudyResult study, ArmStyles styles) {
        List<DomContent> charts = new ArrayList<>();
        for (StudyPart part : study.parts()) {
            List<RowChart.Row> rows = study.arms().stream().map(arm -> row(arm.name(), arm.pairs(), styles, study.runs(part.name()).stream()
                    .filter(run -> run.arm().equals(arm.name())).toList())).flatMap(Optional::stream).toList();
            String title = "Throughput of the study's own runs, part " + part.name();
            if (!rows.isEmpty()) {
                charts.add(Page.figure(title, "Each mark is a run. At the right, the share of dense attention's pairs of query and key that the"
                        + " arm computes. At this model's size attention is a small part of a step; for the break-even, steps are timed"
                        + " apart.", RowChart.draw(title, "tokens a second", rows, Optional.empty(), OptionalDouble.empty()))
                        .withClass("chart"));
            }
        }
        return Page.section("Speed", charts.isEmpty() ? p("No run has finished yet.") : div(each(charts.stream())).withClass("charts"));
    }

    private static Optional<RowChart.Row> row(String arm, double pairs, ArmStyles styles, List<RunResult> runs) {
        List<RowChart.Dot> dots = runs.stream().map(run -> new RowChart.Dot(run.tokensPerSecond(), arm + ", seed " + run.seed() + ": "
                + Numbers.count(run.tokensPerSecond()) + " tokens a second")).toList();
        OptionalDouble mean = runs.stream().mapToDouble(RunResult::tokensPerSecond).average();
        return dots.isEmpty() ? Optional.empty() : Optional.of(new RowChart.Row(arm, styles.of(arm), dots, mean, Optional.empty(),
                Optional.empty(), String.format(Locale.ROOT, "%.1f%% pairs", 100 * pairs)));
    }
}
