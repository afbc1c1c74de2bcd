package ai.spattention.train.report;

import static j2html.TagCreator.div;
import static j2html.TagCreator.each;

import ai.spattention.train.report.chart.Line;
import ai.spattention.train.report.chart.LineChart;
import ai.spattention.train.report.chart.Page;
import ai.spattention.train.report.chart.Point;
import ai.spattention.train.report.chart.Progress;
import ai.spattention.train.report.chart.Scale;
import j2html.tags.DomContent;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** A chart for each metric of each benchmark task that was scored while runs learnt, with a line for each run. */
final class TaskCharts {

    private static final int BUCKETS_OF_LINE = 256;

    private TaskCharts() {}

    /**
     * Draws the charts.
     *
     * @param runs the runs by their labels
     * @return the section, or nothing if no task was scored
     */
    static Optional<DomContent> draw(Map<String, RunData> runs) {
        Set<String> names = new LinkedHashSet<>();
        runs.values().forEach(run -> names.addAll(run.curves().taskScores().keySet()));
        List<DomContent> charts = new ArrayList<>();
        names.forEach(name -> draw(name, runs).ifPresent(charts::add));
        return charts.isEmpty() ? Optional.empty()
                : Optional.of(Page.section("Tasks", div(each(charts.stream())).withClass("charts")));
    }

    private static Optional<? extends DomContent> draw(String name, Map<String, RunData> runs) {
        List<Line> lines = new ArrayList<>();
        List<Point> notFinite = new ArrayList<>();
        int number = 0;
        for (Map.Entry<String, RunData> run : runs.entrySet()) {
            Series series = run.getValue().curves().taskScores().get(name);
            if (series != null) {
                lines.add(Line.of(runs.size() == 1 ? name : run.getKey(), number, series.points(BUCKETS_OF_LINE)));
                notFinite.addAll(series.notFinite());
            }
            number++; // a run looks the same in all charts
        }
        // an untrained model's perplexity is orders of magnitude above a trained one's
        Scale scale = name.endsWith("perplexity") ? Scale.LOGARITHMIC : Scale.LINEAR;
        boolean isLessBetter = name.matches(".*(perplexity|bits_per_byte|loss)");
        return LineChart.draw(name, (isLessBetter ? "Less is better. " : "More is better. ") + "A few hundred questions leave an error that is"
                + " larger than most steps of such a curve: eval gives it.", name, scale, Progress.TOKENS, lines, notFinite);
    }
}
