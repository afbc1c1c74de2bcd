package ai.spattention.train.study.page;

import static j2html.TagCreator.div;
import static j2html.TagCreator.each;

import ai.spattention.train.report.chart.Axis;
import ai.spattention.train.report.chart.CurveChart;
import ai.spattention.train.report.chart.Legend;
import ai.spattention.train.report.chart.LineStyle;
import ai.spattention.train.report.chart.Page;
import ai.spattention.train.report.chart.Scale;
import ai.spattention.train.study.analysis.ProbeAnalysis;
import ai.spattention.train.study.result.StudyArm;
import ai.spattention.train.study.result.StudyResult;
import j2html.tags.DomContent;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** Loss over length, a panel for each arm with its layouts. */
final class LayoutFigure {

    private static final ProbeKind KIND = ProbeKind.LENGTH;

    private final StudyResult study;
    private final List<ProbeAnalysis> layouts;

    LayoutFigure(StudyResult study, List<ProbeAnalysis> layouts) {
        this.study = study;
        this.layouts = layouts;
    }

    DomContent draw() {
        List<String> texts = layouts.stream().map(ProbeAnalysis::set).distinct().toList();
        return div(each(texts, this::draw));
    }

    private DomContent draw(String set) {
        List<ProbeAnalysis> own = layouts.stream().filter(analysis -> analysis.set().equals(set)).toList();
        List<CurveChart.Curve> all = study.arms().stream().flatMap(arm -> curves(own, arm.name()).stream()).toList();
        var range = all.stream().flatMapToDouble(CurveChart::values).summaryStatistics();
        Axis y = Axis.of(Scale.LINEAR, range.getMin(), range.getMax());
        String title = "Loss at other lengths, by layout: " + (set.isEmpty() ? "" : set + ", ") + "part " + own.get(0).part().name();
        Stream<DomContent> panels = study.arms().stream().map(StudyArm::name).filter(arm -> !curves(own, arm).isEmpty())
                .map(arm -> div(Page.panelTitle(arm), CurveChart.builder(title + ": " + arm, curves(own, arm))
                        .setX(KIND.axis(), KIND.scale()).setY(own.get(0).unit(), y).optSmall().draw()).withClass("panel"));
        return Page.figure(title, KIND.see() + " All panels have one scale; the training length is " + study.trainingLength() + ".",
                div(each(panels)).withClass("panels"),
                Legend.draw(own.stream().map(analysis -> new Legend.Entry("layout " + analysis.layout(), style(own, analysis), "", true))
                        .toList())).withClass("wide");
    }

    private List<CurveChart.Curve> curves(List<ProbeAnalysis> own, String arm) {
        List<CurveChart.Curve> curves = new ArrayList<>();
        own.forEach(analysis -> {
            List<ProbeAnalysis.ArmBin> bins = analysis.bins().getOrDefault(arm, List.of());
            if (!bins.isEmpty()) {
                curves.add(new CurveChart.Curve(analysis.layout(), style(own, analysis),
                        Bins.means(arm + ", layout " + analysis.layout(), bins, KIND.scale(), analysis.unit())));
            }
        });
        return curves;
    }

    private static LineStyle style(List<ProbeAnalysis> own, ProbeAnalysis analysis) {
        return new LineStyle(own.indexOf(analysis));
    }
}
