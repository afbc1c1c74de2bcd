package ai.spattention.train.study.page;

import static j2html.TagCreator.div;
import static j2html.TagCreator.each;
import static j2html.TagCreator.h3;

import ai.spattention.train.report.chart.Axis;
import ai.spattention.train.report.chart.CurveChart;
import ai.spattention.train.report.chart.Legend;
import ai.spattention.train.report.chart.Page;
import ai.spattention.train.report.chart.Scale;
import ai.spattention.train.study.analysis.ProbeAnalysis;
import ai.spattention.train.study.result.StudyArm;
import ai.spattention.train.study.result.StudyResult;
import j2html.tags.DomContent;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.DoubleStream;

/** A probe over distance or position: all arms in one chart, then each arm's difference from the reference with the edges of its bands. */
final class DistanceFigures {

    private final StudyResult study;
    private final ArmStyles styles;
    private final ProbeKind kind;
    private final ProbeAnalysis analysis;

    DistanceFigures(StudyResult study, ArmStyles styles, ProbeKind kind, ProbeAnalysis analysis) {
        this.study = study;
        this.styles = styles;
        this.kind = kind;
        this.analysis = analysis;
    }

    DomContent draw() {
        List<DomContent> figures = new ArrayList<>(List.of(means()));
        List<CurveChart.Curve> differences = new ArrayList<>();
        analysis.bins().forEach((arm, bins) -> differences.add(new CurveChart.Curve(arm, styles.of(arm),
                Bins.differences(arm, bins, kind.scale(), analysis.unit()))));
        differences.removeIf(curve -> curve.spots().isEmpty());
        if (!differences.isEmpty()) {
            figures.add(differences(differences));
        }
        return div(h3(kind.heading() + ": " + Bins.where(analysis)), each(figures.stream()));
    }

    private DomContent means() {
        List<CurveChart.Curve> curves = new ArrayList<>();
        analysis.bins().forEach((arm, bins) -> curves.add(new CurveChart.Curve(arm, styles.of(arm),
                Bins.means(arm, bins, kind.scale(), analysis.unit()))));
        String title = kind.heading() + " of every arm: " + Bins.where(analysis);
        return Page.figure(title, kind.see() + " Rings are single seeds.",
                CurveChart.builder(title, curves).setX(kind.axis(), kind.scale()).setY(analysis.unit(), Scale.LINEAR)
                        .optEdges(kind.hasEdges() ? commonEdges(curves) : List.of()).draw(),
                Legend.draw(curves.stream().map(curve -> new Legend.Entry(curve.name(), curve.style(), "", true)).toList()))
                .withClass("chart lone");
    }

    /** The edges of the arm whose claims are tested, where it is in the chart; those of all arms at once would be a thicket. */
    private List<Integer> commonEdges(List<CurveChart.Curve> curves) {
        return study.arm("sp").filter(arm -> curves.stream().anyMatch(curve -> curve.name().equals(arm.name()))).map(StudyArm::bandEdges)
                .orElse(List.of());
    }

    private DomContent differences(List<CurveChart.Curve> curves) {
        var range = DoubleStream.concat(DoubleStream.of(0), curves.stream().flatMapToDouble(CurveChart::values)).summaryStatistics();
        Axis y = Axis.of(Scale.LINEAR, range.getMin(), range.getMax());
        String title = kind.heading() + ", each arm less " + study.reference() + ": " + Bins.where(analysis);
        return Page.figure(title, (analysis.isLossLike() ? "Below 0 is better than " : "Above 0 is better than ") + study.reference()
                + ". Upright bars are 95% intervals by drawing blocks of windows, then seeds; one that crosses 0 decides nothing. All panels have one"
                + " scale." + (kind.hasEdges() ? " Dashed lines: the edges of the arm's own bands." : ""),
                div(each(curves, curve -> div(Page.panelTitle(curve.name()), CurveChart.builder(title + ": " + curve.name(), List.of(curve))
                        .setX(kind.axis(), kind.scale()).setY(analysis.unit(), y).optEdges(kind.hasEdges()
                                ? study.arm(curve.name()).map(StudyArm::bandEdges).orElse(List.of()) : List.of())
                        .optSmall().draw()).withClass("panel"))).withClass("panels")).withClass("wide");
    }
}
