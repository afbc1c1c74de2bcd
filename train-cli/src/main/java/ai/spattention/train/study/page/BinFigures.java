package ai.spattention.train.study.page;

import static j2html.TagCreator.div;
import static j2html.TagCreator.each;
import static j2html.TagCreator.h3;

import ai.spattention.train.report.chart.Page;
import ai.spattention.train.report.chart.RowChart;
import ai.spattention.train.study.analysis.ProbeAnalysis;
import ai.spattention.train.study.analysis.ProbeAnalysis.ArmBin;
import ai.spattention.train.study.result.StudyResult;
import j2html.tags.DomContent;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;

/** A probe whose bins have no order, such as tasks: a chart for each bin with the arms below one another. */
final class BinFigures {

    private final StudyResult study;
    private final ArmStyles styles;
    private final Optional<ProbeKind> kind;
    private final ProbeAnalysis analysis;

    BinFigures(StudyResult study, ArmStyles styles, Optional<ProbeKind> kind, ProbeAnalysis analysis) {
        this.study = study;
        this.styles = styles;
        this.kind = kind;
        this.analysis = analysis;
    }

    DomContent draw() {
        Set<String> labels = new LinkedHashSet<>();
        analysis.bins().values().forEach(bins -> bins.forEach(bin -> labels.add(bin.label())));
        String name = kind.map(ProbeKind::heading).orElse(analysis.probe());
        return div(h3(name + ": " + Bins.where(analysis)), div(each(labels, label -> draw(name, label))).withClass("charts"));
    }

    private DomContent draw(String name, String label) {
        List<RowChart.Row> rows = new ArrayList<>();
        analysis.bins().forEach((arm, bins) -> bins.stream().filter(bin -> bin.label().equals(label))
                .forEach(bin -> rows.add(row(arm, bin))));
        String title = name + ", " + label + ": " + Bins.where(analysis);
        return Page.figure(title, kind.map(ProbeKind::see).orElse(analysis.isLossLike() ? "Less is better." : "More is better.")
                + " Each mark is a seed, the upright line an arm's mean; at the right the difference to " + study.reference()
                + ", in brackets where its 95% interval (drawing blocks of windows, then seeds) holds 0.",
                RowChart.draw(title, analysis.unit(), rows, Optional.empty(), OptionalDouble.empty())).withClass("chart");
    }

    private RowChart.Row row(String arm, ArmBin bin) {
        List<RowChart.Dot> dots = new ArrayList<>();
        bin.bySeed().forEach((seed, value) -> dots.add(new RowChart.Dot(value, arm + ", seed " + seed + ": " + Texts.nats(value) + " "
                + analysis.unit())));
        String remark = bin.difference().map(difference -> difference.interval().map(interval -> interval.contains(0)).orElse(true)
                ? "(" + Texts.signed(difference.estimate()) + ")" : Texts.signed(difference.estimate())).orElse("");
        return new RowChart.Row(arm, styles.of(arm), dots, OptionalDouble.of(bin.mean()), Optional.empty(), Optional.empty(), remark);
    }
}
