package ai.spattention.train.report;

import static j2html.TagCreator.b;
import static j2html.TagCreator.div;
import static j2html.TagCreator.each;
import static j2html.TagCreator.h3;
import static j2html.TagCreator.p;
import static j2html.TagCreator.pre;
import static j2html.TagCreator.text;

import ai.spattention.train.metrics.TextSample;
import ai.spattention.train.report.chart.Numbers;
import ai.spattention.train.report.chart.Page;
import j2html.tags.DomContent;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Text that the models wrote. */
final class SamplesSection {

    private static final int MOST_SAMPLES = 20;
    private static final int MOST_CHARACTERS = 4000;

    private SamplesSection() {}

    /** The last samples of one run, the newest first. */
    static Optional<DomContent> draw(RunData run) {
        List<TextSample> samples = run.samples();
        if (samples.isEmpty()) {
            return Optional.empty();
        }
        int left = Math.max(0, samples.size() - MOST_SAMPLES);
        return Optional.of(Page.section("Samples of text",
                each(samples.subList(left, samples.size()).stream().sorted((a, b) -> Long.compare(b.step(), a.step()))
                        .map(sample -> draw("after step " + Numbers.whole(sample.step()), sample))),
                left == 0 ? each() : p(Numbers.whole(left) + " earlier samples are in samples.jsonl.")));
    }

    /** The last sample of each run. */
    static Optional<DomContent> draw(Map<String, RunData> runs) {
        List<DomContent> last = runs.entrySet().stream().filter(entry -> !entry.getValue().samples().isEmpty())
                .map(entry -> {
                    List<TextSample> samples = entry.getValue().samples();
                    TextSample sample = samples.get(samples.size() - 1);
                    return draw(entry.getKey() + ", after step " + Numbers.whole(sample.step()), sample);
                }).toList();
        return last.isEmpty() ? Optional.empty() : Optional.of(Page.section("Samples of text", each(last.stream())));
    }

    private static DomContent draw(String heading, TextSample sample) {
        return div(h3(heading), pre(b(shortened(sample.prompt())), text(shortened(sample.text()))));
    }

    private static String shortened(String text) {
        return text.length() <= MOST_CHARACTERS ? text : text.substring(0, MOST_CHARACTERS) + " ...";
    }
}
