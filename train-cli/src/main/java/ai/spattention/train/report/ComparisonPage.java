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

import ai.spattention.train.metrics.HeldOutLoss;
import ai.spattention.train.report.chart.Legend;
import ai.spattention.train.report.chart.Line;
import ai.spattention.train.report.chart.LineChart;
import ai.spattention.train.report.chart.LineStyle;
import ai.spattention.train.report.chart.Numbers;
import ai.spattention.train.report.chart.Page;
import ai.spattention.train.report.chart.Point;
import ai.spattention.train.report.chart.Progress;
import j2html.tags.DomContent;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;

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
        content.add(section("Loss", vocabularies().map(note -> List.of(note)).orElse(List.of()), losses()));
        TaskCharts.draw(runs).ifPresent(content::add);
        content.add(section("Optimisation", List.of(), Wanted.of(Metric.GRADIENT_NORM, Metric.LEARNING_RATE, Metric.LOAD_BALANCING,
                Metric.ROUTER_Z)));
        content.add(section("Speed and memory", List.of(), Wanted.of(Metric.THROUGHPUT, Metric.UTILISATION, Metric.MEMORY,
                Metric.GPU_MEMORY)));
        content.add(section("Experts", List.of(), Wanted.of(Metric.PEAK_LOAD, Metric.EVENNESS)));
        runs.forEach((label, run) -> {
            if (!run.curves().expertLoad().isEmpty()) {
                content.add(HeatMap.draw("Load of each expert in the last step of " + label, run.curves().expertLoad()));
            }
        });
        AttentionSection.draw(runs).ifPresent(content::add);
        SamplesSection.draw(runs).ifPresent(content::add);
        return content;
    }

    private List<String> notes() {
        return runs.entrySet().stream()
                .flatMap(entry -> entry.getValue().notes().stream().map(note -> entry.getKey() + ": " + note)).toList();
    }

    /** Losses of a token are comparable only where a token is the same amount of text. */
    private Optional<String> vocabularies() {
        Map<String, Integer> sizes = new LinkedHashMap<>();
        runs.forEach((label, run) -> run.model().ifPresent(model -> sizes.put(label, model.vocabSize())));
        long tokenizers = runs.values().stream().flatMap(run -> run.tokenizerDigest().stream()).distinct().count();
        if (sizes.values().stream().distinct().count() < 2 && tokenizers < 2) {
            return Optional.empty();
        }
        return Optional.of("The runs' vocabularies differ (" + sizes.entrySet().stream()
                .map(entry -> entry.getKey() + ": " + Numbers.whole(entry.getValue()) + " tokens").collect(Collectors.joining(", "))
                + "): a token is not the same amount of text, so losses in nats a token and curves over tokens cannot be compared"
                + " between them. Bits a byte can: score both with eval.");
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
                thead(tr(th(), each(labels, label -> th(Legend.key(new Legend.Entry(label,
                        new LineStyle(labels.indexOf(label)), "", true)), span(label))))),
                tbody(each(ordered, column -> tr(th(column), each(labels, label ->
                        td(facts.get(label).getOrDefault(column, "")))).withClass(isShared(column, facts) ? "shared" : ""))))
                .withClass("facts")).withClass("scroll");
    }

    private static boolean isShared(String column, Map<String, Map<String, String>> facts) {
        return facts.values().stream().map(own -> own.getOrDefault(column, "")).distinct().count() == 1;
    }

    /**
     * A chart that there is if any run has measured what it shows.
     *
     * @param title its title
     * @param metric what it shows
     * @param progress along what
     * @param series finds it in a run's curves; empty where the run has none
     */
    private record Wanted(String title, Metric metric, Progress progress, Function<RunCurves, Optional<Series>> series) {

        Wanted(String title, Metric metric, Progress progress) {
            this(title, metric, progress, curves -> Optional.of(curves.of(metric)));
        }

        static List<Wanted> of(Metric... metrics) {
            return Arrays.stream(metrics).map(metric -> new Wanted(metric.title(), metric, Progress.TOKENS)).toList();
        }

        static List<Wanted> overTokensAndTime(String title, Metric metric, Function<RunCurves, Optional<Series>> series) {
            return List.of(new Wanted(title + " over tokens", metric, Progress.TOKENS, series),
                    new Wanted(title + " over time", metric, Progress.TIME, series));
        }
    }

    /** Each held-out set apart. */
    private List<Wanted> losses() {
        List<Wanted> losses = new ArrayList<>(Wanted.overTokensAndTime("Training loss", Metric.LOSS,
                curves -> Optional.of(curves.of(Metric.LOSS))));
        Set<String> sets = new TreeSet<>();
        runs.values().forEach(run -> sets.addAll(run.curves().heldOut().keySet()));
        if (sets.remove(HeldOutLoss.UNNAMED) || sets.isEmpty()) {
            losses.addAll(Wanted.overTokensAndTime("Validation loss", Metric.VALIDATION_LOSS,
                    curves -> Optional.of(curves.of(Metric.VALIDATION_LOSS))));
        }
        for (String set : sets) {
            losses.addAll(Wanted.overTokensAndTime("Validation loss of " + set, Metric.VALIDATION_LOSS,
                    curves -> Optional.ofNullable(curves.heldOut().get(set))));
        }
        return losses;
    }

    private DomContent section(String heading, List<String> above, List<Wanted> wanted) {
        List<DomContent> charts = new ArrayList<>();
        Set<String> absent = new LinkedHashSet<>();
        for (Wanted each : wanted) {
            chart(each).ifPresentOrElse(charts::add, () -> absent.add(each.metric().absence()));
        }
        return Page.section(heading, Page.notes(above), div(each(charts.stream())).withClass("charts"),
                each(absent.stream().map(text -> p(text))));
    }

    private Optional<? extends DomContent> chart(Wanted wanted) {
        Metric metric = wanted.metric();
        List<Line> lines = new ArrayList<>();
        List<Point> notFinite = new ArrayList<>();
        List<String> without = new ArrayList<>();
        int number = 0;
        for (Map.Entry<String, RunData> run : runs.entrySet()) {
            Optional<Series> series = wanted.series().apply(run.getValue().curves()).filter(found -> !found.isEmpty());
            if (series.isEmpty()) {
                without.add(run.getKey());
            } else {
                lines.add(Line.of(run.getKey(), number, points(metric, series.get())));
                notFinite.addAll(series.get().notFinite());
            }
            number++; // a run looks the same in all charts
        }
        String see = metric.see() + (without.isEmpty() ? "" : " Not measured in " + String.join(", ", without) + ".");
        return LineChart.draw(wanted.title(), see, unit(metric), metric.scale(), wanted.progress(), lines, notFinite);
    }

    private static String unit(Metric metric) {
        return metric.unit() + (metric.isNoisy() ? ", smoothed" : "");
    }

    /** Raw noise of several runs would hide one another. */
    private List<Point> points(Metric metric, Series series) {
        List<Point> smoothed = metric.isNoisy() ? series.smoothed(2 * buckets) : List.of();
        return smoothed.isEmpty() ? series.points(buckets) : smoothed;
    }
}
