package ai.spattention.train.study.page;

import static j2html.TagCreator.details;
import static j2html.TagCreator.each;
import static j2html.TagCreator.h3;
import static j2html.TagCreator.li;
import static j2html.TagCreator.p;
import static j2html.TagCreator.pre;
import static j2html.TagCreator.summary;
import static j2html.TagCreator.ul;

import ai.spattention.train.report.chart.Numbers;
import ai.spattention.train.report.chart.Page;
import ai.spattention.train.study.result.HeldOutLoss;
import ai.spattention.train.study.result.RunResult;
import ai.spattention.train.study.result.StudyArm;
import ai.spattention.train.study.result.StudyResult;
import j2html.tags.DomContent;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** What one needs to do it again: deviations, arms, runs, configuration, digests, commit, device. */
final class DetailSection {

    private DetailSection() {}

    static List<DomContent> draw(StudyResult study) {
        return List.of(Page.section("Deviations from the plan", study.deviations().isEmpty() ? p("None was recorded.")
                        : ul(each(study.deviations(), deviation -> li(deviation)))),
                Page.section("How it was done", each(h3("Arms"), arms(study), h3("Runs"), details(summary(study.runs().size()
                        + " finished runs"), runs(study)), h3("What ran where"), Page.facts(facts(study)), h3("Configuration"),
                        pre(study.configuration()))));
    }

    private static DomContent arms(StudyResult study) {
        return Page.table(List.of("arm", "what it is", "pairs of dense attention's", "overrides"), study.arms().stream().map(arm ->
                List.of(arm.name(), arm.description().isEmpty() ? "-" : arm.description(),
                        String.format(Locale.ROOT, "%.1f%%", 100 * arm.pairs()), settings(arm))).toList());
    }

    private static String settings(StudyArm arm) {
        return arm.settings().isEmpty() ? "none" : arm.settings().entrySet().stream().map(entry -> entry.getKey() + "=" + entry.getValue())
                .collect(Collectors.joining(", "));
    }

    private static DomContent runs(StudyResult study) {
        List<String> headers = new ArrayList<>(List.of("part", "arm", "seed", "steps", "tokens", "parameters", "active", "tokens/s"));
        study.sets().forEach(set -> headers.addAll(List.of(set + ", nats a token", set + ", bits a byte", set + ", tokens")));
        headers.addAll(List.of("configuration", "device"));
        return Page.table(headers, study.runs().stream().map(run -> row(study, run)).toList());
    }

    private static List<String> row(StudyResult study, RunResult run) {
        List<String> row = new ArrayList<>(List.of(run.part(), run.arm(), Long.toString(run.seed()), Numbers.whole(run.steps()),
                Numbers.whole(run.tokens()), Numbers.count(run.totalParams()), Numbers.count(run.activeParams()),
                Numbers.count(run.tokensPerSecond())));
        for (String set : study.sets()) {
            HeldOutLoss loss = run.heldOut().get(set);
            row.addAll(loss == null ? List.of("not measured", "not measured", "-")
                    : List.of(Texts.nats(loss.natsPerToken()), Texts.nats(loss.bitsPerByte()), Numbers.whole(loss.nats().n())));
        }
        row.addAll(List.of(run.configurationDigest().substring(0, Math.min(12, run.configurationDigest().length())), run.device()));
        return row;
    }

    private static Map<String, String> facts(StudyResult study) {
        Map<String, String> facts = new LinkedHashMap<>();
        facts.put("device", study.device());
        facts.put("commit", study.commit());
        facts.put("reference", study.reference());
        facts.put("margin", study.margin() + " nats a token");
        facts.put("training length", Numbers.whole(study.trainingLength()) + " tokens");
        study.parts().forEach(part -> facts.put("part " + part.name(), Numbers.whole(part.steps()) + " steps, "
                + Numbers.whole(part.tokens()) + " tokens a run; seeds " + part.seeds().stream().map(Object::toString)
                        .collect(Collectors.joining(", ")) + "; " + String.join(", ", part.arms())));
        study.dataDigests().forEach((name, digest) -> facts.put("digest of " + name, digest));
        return facts;
    }
}
