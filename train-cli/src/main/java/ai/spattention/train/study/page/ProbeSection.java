package ai.spattention.train.study.page;

import static j2html.TagCreator.details;
import static j2html.TagCreator.div;
import static j2html.TagCreator.each;
import static j2html.TagCreator.summary;

import ai.spattention.train.report.chart.Page;
import ai.spattention.train.study.analysis.ProbeAnalysis;
import ai.spattention.train.study.result.StudyPart;
import ai.spattention.train.study.result.StudyResult;
import j2html.tags.DomContent;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.stream.Stream;

/** What probes measured, a section for each: the arms' values, and how each arm differs from the reference. */
final class ProbeSection {

    private final StudyResult study;
    private final ArmStyles styles;

    private ProbeSection(StudyResult study, ArmStyles styles) {
        this.study = study;
        this.styles = styles;
    }

    /** The sections of all probes that ran. */
    static List<DomContent> draw(StudyResult study, ArmStyles styles) {
        ProbeSection section = new ProbeSection(study, styles);
        return Stream.concat(ProbeKind.ORDER.stream().map(kind -> section.draw(kind.probe(), Optional.of(kind))),
                names(study).filter(name -> ProbeKind.ORDER.stream().noneMatch(kind -> kind.probe().equals(name)))
                        .map(name -> section.draw(name, Optional.empty()))).flatMap(Optional::stream).toList();
    }

    /** Probes that were to run and of which there is nothing. */
    static List<String> missing(StudyResult study) {
        List<String> measured = names(study).toList();
        return study.probes().stream().filter(probe -> !measured.contains(probe)).toList();
    }

    private static Stream<String> names(StudyResult study) {
        TreeSet<String> names = new TreeSet<>();
        study.runs().forEach(run -> run.probes().stream().filter(result -> result.bins().stream().anyMatch(bin -> !bin.moments().isEmpty()))
                .forEach(result -> names.add(result.probe())));
        return names.stream();
    }

    private Optional<DomContent> draw(String probe, Optional<ProbeKind> kind) {
        List<DomContent> parts = new ArrayList<>();
        for (StudyPart part : study.parts()) {
            List<ProbeAnalysis> analyses = ProbeAnalysis.of(study, part, probe);
            if (!analyses.isEmpty()) {
                parts.add(kind.filter(each -> each == ProbeKind.LENGTH).isPresent() ? new LayoutFigure(study, analyses).draw()
                        : layouts(analyses, kind));
            }
        }
        return parts.isEmpty() ? Optional.empty() : Optional.of(Page.section(kind.map(ProbeKind::heading).orElse(probe), each(parts.stream())));
    }

    /** The first layout is the one that was trained; the others are there for those who ask. */
    private DomContent layouts(List<ProbeAnalysis> analyses, Optional<ProbeKind> kind) {
        ProbeAnalysis first = analyses.get(0);
        List<DomContent> others = new ArrayList<>();
        List<DomContent> shown = new ArrayList<>();
        for (ProbeAnalysis analysis : analyses) {
            DomContent drawn = kind.filter(each -> !each.axis().isEmpty()).isPresent()
                    ? new DistanceFigures(study, styles, kind.get(), analysis).draw() : new BinFigures(study, styles, kind, analysis).draw();
            if (analysis.layout().equals(first.layout())) {
                shown.add(drawn);
            } else {
                others.add(details(summary("The same with layout " + analysis.layout() + ", part " + analysis.part().name()), drawn));
            }
        }
        return div(each(shown.stream()), each(others.stream()));
    }
}
