package ai.spattention.train.study.page;

import static j2html.TagCreator.each;
import static j2html.TagCreator.h1;
import static j2html.TagCreator.header;
import static j2html.TagCreator.p;

import ai.spattention.olmoe.io.AtomicFile;
import ai.spattention.train.report.chart.Page;
import ai.spattention.train.study.analysis.LossAnalysis;
import ai.spattention.train.study.result.StudyPart;
import ai.spattention.train.study.result.StudyResult;
import j2html.tags.DomContent;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A study for people who look: claims with verdicts, then what they rest on. Finished or not, it shows what there is and names what is not. */
public final class StudyPage {

    /** The page's name in the study's folder. */
    public static final String FILE_NAME = "study.html";

    private StudyPage() {}

    /**
     * Writes the page, whole or not at all.
     *
     * @param file the page, {@value #FILE_NAME} in the study's folder
     * @param study the study
     * @throws ai.spattention.common.InvalidInputException if the disk is full or the folder cannot be written
     * @throws IOException if writing fails otherwise
     */
    public static void write(Path file, StudyResult study) throws IOException {
        AtomicFile.write(file, render(study));
    }

    /**
     * Draws the page.
     *
     * @param study the study
     * @return HTML that needs nothing else
     */
    public static String render(StudyResult study) {
        ArmStyles styles = new ArmStyles(study);
        List<LossAnalysis> losses = study.parts().stream()
                .flatMap(part -> study.sets().stream().map(set -> LossAnalysis.of(study, part, set))).toList();
        List<LossAnalysis> deciding = losses.stream().filter(loss -> loss.set().equals(study.mainSet())).toList();
        List<DomContent> content = new ArrayList<>(List.of(header(h1(study.name()), p(about(study)), each(summary(study, deciding).stream()),
                Page.notes(notes(study, losses))), ClaimSection.draw(study, deciding), LossSection.draw(losses, styles),
                CurveSection.draw(study, styles)));
        content.addAll(ProbeSection.draw(study, styles));
        content.add(CostSection.breakEven(study, styles));
        content.add(CostSection.speed(study, styles));
        content.addAll(DetailSection.draw(study));
        return Page.render(study.name(), content);
    }

    private static String about(StudyResult study) {
        return study.runs().size() + " of " + planned(study) + " runs have finished, of " + study.arms().size() + " arms on "
                + study.device() + ". All arms of a seed start from the same weights and read the same data in the same order; differences are"
                + " taken seed by seed to " + study.reference() + ". Losses are on text unseen in training; " + study.mainSet() + " decides.";
    }

    private static List<DomContent> summary(StudyResult study, List<LossAnalysis> deciding) {
        return deciding.stream().map(losses -> ClaimSection.summary(study, losses)).filter(text -> !text.isEmpty())
                .<DomContent>map(text -> p(text)).toList();
    }

    private static long planned(StudyResult study) {
        return study.parts().stream().mapToLong(part -> (long) part.arms().size() * part.seeds().size()).sum();
    }

    private static List<String> notes(StudyResult study, List<LossAnalysis> losses) {
        List<String> notes = new ArrayList<>();
        study.parts().forEach(part -> missing(study, part).ifPresent(notes::add));
        notes.addAll(LossAnalysis.gaps(losses));
        List<String> probes = ProbeSection.missing(study);
        if (!probes.isEmpty()) {
            notes.add("Not measured: " + String.join(", ", probes) + ".");
        }
        return notes;
    }

    private static Optional<String> missing(StudyResult study, StudyPart part) {
        List<String> runs = new ArrayList<>();
        for (long seed : part.seeds()) {
            part.arms().stream().filter(arm -> study.runs(part.name()).stream().noneMatch(run -> run.arm().equals(arm) && run.seed() == seed))
                    .forEach(arm -> runs.add(arm + " seed " + seed));
        }
        return runs.isEmpty() ? Optional.empty()
                : Optional.of("Not finished in part " + part.name() + ": " + String.join(", ", runs) + ".");
    }
}
