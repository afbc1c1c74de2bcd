package ai.spattention.train.report;

import static j2html.TagCreator.dd;
import static j2html.TagCreator.div;
import static j2html.TagCreator.dl;
import static j2html.TagCreator.dt;
import static j2html.TagCreator.each;
import static j2html.TagCreator.h1;
import static j2html.TagCreator.h3;
import static j2html.TagCreator.header;
import static j2html.TagCreator.p;

import ai.spattention.train.metrics.HeldOutLoss;
import ai.spattention.train.report.chart.Line;
import ai.spattention.train.report.chart.LineChart;
import ai.spattention.train.report.chart.LineStyle;
import ai.spattention.train.report.chart.Numbers;
import ai.spattention.train.report.chart.Page;
import ai.spattention.train.report.chart.Point;
import ai.spattention.train.report.chart.Progress;
import ai.spattention.train.report.chart.Scale;
import j2html.tags.DomContent;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** One run on a page. */
final class SingleRunPage {

    /** All lines of a chart together. */
    private static final int BUCKETS_OF_CHART = 4096;
    private static final int BUCKETS_OF_LINE = 512;

    private final RunData run;

    private SingleRunPage(RunData run) {
        this.run = run;
    }

    static String render(RunData run) {
        return Page.render(run.name(), new SingleRunPage(run).content());
    }

    private List<DomContent> content() {
        List<DomContent> content = new ArrayList<>();
        content.add(head());
        content.add(charts("Loss", loss(Progress.TOKENS), loss(Progress.TIME)));
        TaskCharts.draw(Map.of(run.name(), run)).ifPresent(content::add);
        content.add(charts("Optimisation", single(Metric.GRADIENT_NORM), single(Metric.LEARNING_RATE),
                single(Metric.LOAD_BALANCING), single(Metric.ROUTER_Z)));
        content.add(charts("Speed and memory", single(Metric.THROUGHPUT), single(Metric.UTILISATION), single(Metric.MEMORY),
                single(Metric.GPU_MEMORY), single(Metric.SLOWEST), single(Metric.MEDIAN)));
        if (single(Metric.UTILISATION).isEmpty()) {
            content.add(p(Metric.UTILISATION.absence()));
        }
        content.add(experts());
        AttentionSection.draw(Map.of(run.name(), run)).ifPresent(content::add);
        SamplesSection.draw(run).ifPresent(content::add);
        content.add(details());
        return content;
    }

    private DomContent head() {
        List<String> notes = new ArrayList<>(run.notes());
        long notFinite = run.curves().of(Metric.LOSS).notFiniteCount();
        if (notFinite > 0) {
            notes.add("The training loss was not finite in " + Numbers.whole(notFinite)
                    + (notFinite == 1 ? " step." : " steps."));
        }
        String about = run.model().map(model -> model.patterns() + " attention, "
                + Numbers.count(model.totalParams()) + " parameters (" + Numbers.count(model.activeParams()) + " active)")
                .orElse("");
        return header(h1(run.name()), p(about),
                dl(each(Facts.results(run), (name, value) -> div(dt(name), dd(value)))).withClass("cards"),
                Page.notes(notes));
    }

    @SafeVarargs
    private static DomContent charts(String heading, Optional<? extends DomContent>... charts) {
        List<DomContent> drawn = new ArrayList<>();
        for (Optional<? extends DomContent> chart : charts) {
            chart.ifPresent(drawn::add);
        }
        return Page.section(heading, drawn.isEmpty() ? p("Not measured.") : div(each(drawn.stream())).withClass("charts"));
    }

    private Optional<? extends DomContent> loss(Progress progress) {
        Series training = run.curves().of(Metric.LOSS);
        List<Line> lines = lines("training", training, true);
        int number = 1;
        for (Map.Entry<String, Series> set : run.curves().heldOut().entrySet()) {
            lines.add(new Line(set.getKey().equals(HeldOutLoss.UNNAMED) ? "validation" : "validation: " + set.getKey(),
                    new LineStyle(number), "bold", set.getValue().points(BUCKETS_OF_LINE)));
            number++;
        }
        return LineChart.draw(progress == Progress.TIME ? "Loss over time" : "Loss over tokens", run.curves().heldOut().isEmpty()
                ? Metric.LOSS.see() : Metric.VALIDATION_LOSS.see(), Metric.LOSS.unit(),
                Scale.LOGARITHMIC, progress, lines, training.notFinite());
    }

    private Optional<? extends DomContent> single(Metric metric) {
        Series series = run.curves().of(metric);
        return LineChart.draw(metric.title(), metric.see(), metric.unit(), metric.scale(), Progress.STEPS,
                lines(metric.title(), series, metric.isNoisy()), series.notFinite());
    }

    /** The line itself and, where it is noisy and long enough, its smoothed form. */
    private static List<Line> lines(String name, Series series, boolean isNoisy) {
        List<Point> smoothed = isNoisy ? series.smoothed() : List.of();
        List<Line> lines = new ArrayList<>();
        lines.add(new Line(name, new LineStyle(0), smoothed.isEmpty() ? "" : "faint", series.points(BUCKETS_OF_LINE)));
        if (!smoothed.isEmpty()) {
            lines.add(new Line("mean of " + Numbers.whole(series.smoothingSteps()) + " steps", new LineStyle(0), "bold", smoothed));
        }
        return lines;
    }

    private DomContent experts() {
        RunCurves curves = run.curves();
        if (curves.expertLoad().isEmpty()) {
            return Page.section("Experts", p("The experts' load was not measured."));
        }
        return each(Page.section("Experts", HeatMap.draw("Load of each expert in the last step", curves.expertLoad())),
                div(each(layers("Load of the busiest expert", Metric.PEAK_LOAD.see(), Metric.PEAK_LOAD.unit(), curves.peakLoads()),
                        layers("Routing entropy", Metric.EVENNESS.see(), Metric.EVENNESS.unit(), curves.evenness()))).withClass("charts"));
    }

    /** Smoothed where long enough: the raw lines of many layers would hide one another. */
    private static DomContent layers(String title, String see, String unit, List<Series> layers) {
        int buckets = Math.max(16, Math.min(BUCKETS_OF_LINE, BUCKETS_OF_CHART / layers.size()));
        boolean isSmooth = layers.stream().noneMatch(layer -> layer.smoothed().isEmpty());
        List<Line> lines = new ArrayList<>();
        for (int layer = 0; layer < layers.size(); layer++) {
            Series series = layers.get(layer);
            lines.add(Line.of("layer " + layer, layer, isSmooth ? series.smoothed(buckets) : series.points(buckets)));
        }
        return LineChart.draw(title, see, unit + (isSmooth ? ", mean of " + Numbers.whole(layers.get(0).smoothingSteps())
                + " steps" : ""), Scale.LINEAR, Progress.STEPS, lines, List.of()).<DomContent>map(chart -> chart)
                .orElse(each());
    }

    private DomContent details() {
        return Page.section("Details", div(each(
                table("Tasks", Facts.tasks(run)), table("Model", Facts.model(run)), table("Training", Facts.training(run)),
                table("Versions and machine", run.versions()))).withClass("tables"));
    }

    private static DomContent table(String heading, Map<String, String> facts) {
        return facts.isEmpty() ? each() : div(h3(heading), Page.facts(facts));
    }
}
