package ai.spattention.train.study.page;

import static j2html.TagCreator.div;
import static j2html.TagCreator.each;
import static j2html.TagCreator.p;

import ai.spattention.train.report.chart.CurveChart;
import ai.spattention.train.report.chart.Legend;
import ai.spattention.train.report.chart.Numbers;
import ai.spattention.train.report.chart.Page;
import ai.spattention.train.report.chart.Scale;
import ai.spattention.train.study.result.CurvePoint;
import ai.spattention.train.study.result.RunResult;
import ai.spattention.train.study.result.StudyPart;
import ai.spattention.train.study.result.StudyResult;
import j2html.tags.DomContent;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** How losses fell while the arms learnt. */
final class CurveSection {

    private CurveSection() {}

    static DomContent draw(StudyResult study, ArmStyles styles) {
        List<DomContent> charts = new ArrayList<>();
        for (StudyPart part : study.parts()) {
            List<CurveChart.Curve> curves = part.arms().stream().map(arm -> new CurveChart.Curve(arm, styles.of(arm),
                    spots(arm, study.runs(part.name()).stream().filter(run -> run.arm().equals(arm)).toList())))
                    .filter(curve -> !curve.spots().isEmpty()).toList();
            if (!curves.isEmpty()) {
                charts.add(draw(part, curves));
            }
        }
        return Page.section("Loss against tokens", charts.isEmpty() ? p("No loss curve was kept.") : div(each(charts.stream()))
                .withClass("charts"));
    }

    private static DomContent draw(StudyPart part, List<CurveChart.Curve> curves) {
        String title = "Training loss over tokens, part " + part.name();
        return Page.figure(title, "Means over the seeds that have finished. A lead that shrinks to the right is one of learning faster, not"
                + " of a better model: look at where the curves end, and whether they are still closing in.",
                CurveChart.builder(title, curves).setX("tokens", Scale.LOGARITHMIC).setY("loss (nats a token)", Scale.LINEAR).draw(),
                Legend.draw(curves.stream().map(curve -> new Legend.Entry(curve.name(), curve.style(), "", true)).toList()))
                .withClass("chart");
    }

    /** Runs of one arm, where all of them have a point. */
    private static List<CurveChart.Spot> spots(String arm, List<RunResult> runs) {
        Map<Long, List<Double>> losses = new TreeMap<>();
        runs.forEach(run -> run.curve().stream().filter(point -> Double.isFinite(point.loss()) && point.tokens() > 0)
                .forEach((CurvePoint point) -> losses.computeIfAbsent(point.tokens(), key -> new ArrayList<>()).add(point.loss())));
        List<CurveChart.Spot> spots = new ArrayList<>();
        losses.forEach((tokens, values) -> {
            if (values.size() == runs.size()) {
                double mean = values.stream().mapToDouble(value -> value).average().orElseThrow();
                spots.add(new CurveChart.Spot(tokens, mean, Optional.empty(), List.of(),
                        arm + " after " + Numbers.count(tokens) + " tokens: " + Numbers.loss(mean) + " nats a token"));
            }
        });
        return spots;
    }
}
