package ai.spattention.train.report;

import static j2html.TagCreator.div;
import static j2html.TagCreator.each;
import static j2html.TagCreator.h1;
import static j2html.TagCreator.header;
import static j2html.TagCreator.p;
import static j2html.TagCreator.span;
import static j2html.TagCreator.table;
import static j2html.TagCreator.tbody;
import static j2html.TagCreator.td;
import static j2html.TagCreator.th;
import static j2html.TagCreator.thead;
import static j2html.TagCreator.tr;

import ai.spattention.train.page.Page;
import j2html.tags.DomContent;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Several runs side by side: a table, and charts with a line for each run. */
final class ComparisonPage {

    private static final int BUCKETS_OF_CHART = 2048;
    private static final int BUCKETS_OF_LINE = 256;

    private final Map<String, RunData> runs;
    private final int buckets;

    private ComparisonPage(Map<String, RunData> runs) {
        this.runs = runs;
        buckets = Math.max(16, Math.min(BUCKETS_OF_LINE, BUCKETS_OF_CHART / runs.size()));
    }

    /** Draws the page; runs of the same name are told apart by their folders. */
    static String render(List<RunData> runs) {
        Map<String, RunData> labelled = new LinkedHashMap<>();
        for (RunData run : runs) {
            boolean isUnique = runs.stream().filter(other -> other.name().equals(run.name())).count() == 1;
            String label = isUnique ? run.name() : run.name() + " (" + run.folderName() + ")";
            for (int number = 2; labelled.containsKey(label); number++) {
                label = run.name() + " (" + run.folderName() + ", " + number + ")";
            }
            labelled.put(label, run);
        }
        return Page.render("Comparison of " + runs.size() + " runs", new ComparisonPage(labelled).content());
    }

    private List<DomContent> content() {
        List<DomContent> content = new ArrayList<>();
        content.add(header(h1("Comparison of " + runs.size() + " runs"), summary(), Page.notes(notes())));
        content.add(Page.section("Loss", div(each(
                chart("Training loss over tokens", Metric.LOSS, Progress.TOKENS),
                chart("Training loss over time", Metric.LOSS, Progress.TIME),
                chart("Validation loss over tokens", Metric.VALIDATION_LOSS, Progress.TOKENS),
                chart("Validation loss over time", Metric.VALIDATION_LOSS, Progress.TIME))).withClass("charts")));
        TaskCharts.draw(runs).ifPresent(content::add);
        content.add(Page.section("Optimisation", div(each(chart(Metric.GRADIENT_NORM), chart(Metric.LEARNING_RATE),
                chart(Metric.LOAD_BALANCING), chart(Metric.ROUTER_Z))).withClass("charts")));
        List<DomContent> speed = new ArrayList<>(List.of(chart(Metric.THROUGHPUT), chart(Metric.UTILISATION), chart(Metric.MEMORY)));
        if (runs.values().stream().anyMatch(run -> Double.isFinite(run.curves().of(Metric.GPU_MEMORY).typical()))) {
            speed.add(chart(Metric.GPU_MEMORY));
        }
        content.add(Page.section("Speed and memory", div(each(speed.stream())).withClass("charts")));
        content.add(Page.section("Experts", div(each(chart(Metric.PEAK_LOAD), chart(Metric.EVENNESS))).withClass("charts"),
                each(runs.entrySet().stream().filter(entry -> !entry.getValue().curves().expertLoad().isEmpty())
                        .map(entry -> HeatMap.draw("Load of each expert in the last step of " + entry.getKey(),
                                entry.getValue().curves().expertLoad())))));
        AttentionSection.draw(runs).ifPresent(content::add);
        SamplesSection.draw(runs).ifPresent(content::add);
        return content;
    }

    private List<String> notes() {
        return runs.entrySet().stream()
                .flatMap(entry -> entry.getValue().notes().stream().map(note -> entry.getKey() + ": " + note)).toList();
    }

    private DomContent summary() {
        Map<String, Map<String, String>> facts = new LinkedHashMap<>();
        Set<String> columns = new LinkedHashSet<>();
        runs.forEach((label, run) -> {
            Map<String, String> own = new LinkedHashMap<>(Facts.results(run));
            own.putAll(Facts.tasks(run));
            own.putAll(Facts.model(run));
            own.putAll(Facts.training(run));
            own.putAll(run.versions());
            facts.put(label, own);
            columns.addAll(own.keySet());
        });
        List<String> labels = List.copyOf(facts.keySet());
        // what differs is what one compares; what all runs share follows
        List<String> ordered = new ArrayList<>(columns);
        ordered.sort((a, b) -> Boolean.compare(isShared(a, facts), isShared(b, facts)));
        return div(table().with(
                thead(tr(th(), each(labels, label -> th(span("").withClass("swatch")
                        .withStyle("--c:" + Line.ink(labels.indexOf(label))), span(label))))),
                tbody(each(ordered, column -> tr(th(column), each(labels, label ->
                        td(facts.get(label).getOrDefault(column, "")))).withClass(isShared(column, facts) ? "shared" : ""))))
                .withClass("facts")).withClass("scroll");
    }

    private static boolean isShared(String column, Map<String, Map<String, String>> facts) {
        return facts.values().stream().map(own -> own.getOrDefault(column, "")).distinct().count() == 1;
    }

    private DomContent chart(Metric metric) {
        return chart(metric.title(), metric, Progress.TOKENS);
    }

    private DomContent chart(String title, Metric metric, Progress progress) {
        List<Line> lines = new ArrayList<>();
        List<Point> notFinite = new ArrayList<>();
        runs.forEach((label, run) -> {
            int number = lines.size();
            lines.add(new Line(label, Line.ink(number), Line.dash(number), points(metric, run)));
            notFinite.addAll(run.curves().of(metric).notFinite());
        });
        return LineChart.draw(title, unit(metric), metric.scale(), progress, lines, notFinite).<DomContent>map(chart -> chart)
                .orElseGet(() -> p(metric.absence()));
    }

    private static String unit(Metric metric) {
        return metric.unit() + (metric.isNoisy() ? ", smoothed" : "");
    }

    /** Raw noise of several runs would hide one another. */
    private List<Point> points(Metric metric, RunData run) {
        Series series = run.curves().of(metric);
        List<Point> smoothed = metric.isNoisy() ? series.smoothed(2 * buckets) : List.of();
        return smoothed.isEmpty() ? series.points(buckets) : smoothed;
    }
}
