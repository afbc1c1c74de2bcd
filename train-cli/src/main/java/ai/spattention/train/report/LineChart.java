package ai.spattention.train.report;

import static j2html.TagCreator.each;
import static j2html.TagCreator.figcaption;
import static j2html.TagCreator.figure;
import static j2html.TagCreator.li;
import static j2html.TagCreator.span;
import static j2html.TagCreator.ul;

import ai.spattention.train.page.Axis;
import ai.spattention.train.page.Numbers;
import ai.spattention.train.page.Scale;
import ai.spattention.train.page.Svg;
import j2html.tags.DomContent;
import j2html.tags.specialized.FigureTag;
import java.util.List;
import java.util.Optional;
import java.util.stream.DoubleStream;

/** Lines over a run's progress, with axes, a legend and, where the pointer rests, the values there. */
final class LineChart {

    private static final double WIDTH = 560;
    private static final double HEIGHT = 276;
    private static final double LEFT = 52;
    private static final double RIGHT = WIDTH - 14;
    private static final double TOP = 28;
    private static final double BOTTOM = HEIGHT - 40;
    /** Lines of few points show each of them. */
    private static final int MOST_DOTS = 40;

    private final String title;
    private final String unit;
    private final Progress progress;
    private final List<Line> lines;
    private final List<Point> notFinite;
    private final Progress.Unit progressUnit;
    private final Axis x;
    private final Axis y;

    private LineChart(String title, String unit, Progress progress, List<Line> lines, List<Point> notFinite, Axis y) {
        this.title = title;
        this.unit = unit;
        this.progress = progress;
        this.lines = lines;
        this.notFinite = notFinite;
        this.y = y;
        double longest = lines.stream().flatMap(line -> line.points().stream()).mapToDouble(progress::of)
                .filter(Double::isFinite).max().orElse(1);
        progressUnit = progress.unit(longest);
        x = Axis.upTo(longest / progressUnit.size());
    }

    /**
     * Draws a chart.
     *
     * @param title what is shown
     * @param unit what the values are counted in; may be empty
     * @param scale how to lay the values out
     * @param progress what the run's progress is counted in
     * @param lines the lines
     * @param notFinite moments at which a value was not finite, marked at the top
     * @return the chart, or nothing if no line has a finite value
     */
    static Optional<FigureTag> draw(String title, String unit, Scale scale, Progress progress, List<Line> lines,
            List<Point> notFinite) {
        DoubleStream.Builder values = DoubleStream.builder();
        lines.forEach(line -> line.points().stream().filter(Point::isFinite).forEach(point -> values.add(point.value())));
        var range = values.build().summaryStatistics();
        if (range.getCount() == 0) {
            return Optional.empty();
        }
        Axis y = Axis.of(scale, range.getMin(), range.getMax());
        return Optional.of(new LineChart(title, unit, progress, lines, notFinite, y).draw());
    }

    private FigureTag draw() {
        Svg svg = Svg.canvas(WIDTH, HEIGHT, title);
        axes(svg);
        lines.forEach(line -> line(svg, line));
        notFinite.stream().filter(point -> Double.isFinite(progress.of(point))).forEach(point -> svg.with(
                Svg.of("path").withClass("bad").attr("d", "M" + Svg.number(place(point) - 4) + " " + Svg.number(TOP - 6)
                        + "h8l-4 7z").hover("step " + Numbers.whole(point.step()) + ": not a finite number")));
        svg.with(new HoverStrips(lines, point -> (place(point) - LEFT) / (RIGHT - LEFT)).draw(LEFT, TOP, RIGHT, BOTTOM));
        return figure(figcaption(title), svg, legend()).withClass("chart");
    }

    private void axes(Svg svg) {
        for (double tick : y.ticks()) {
            double at = height(tick);
            svg.with(Svg.line(LEFT, at, RIGHT, at).withClass("grid"), Svg.text(LEFT - 6, at + 4, "end", Numbers.tick(tick)));
        }
        for (double tick : x.ticks()) {
            double at = LEFT + x.place(tick) * (RIGHT - LEFT);
            svg.with(Svg.line(at, BOTTOM, at, BOTTOM + 4).withClass("axis"),
                    Svg.text(at, BOTTOM + 17, "middle", Numbers.tick(tick)));
        }
        svg.with(Svg.line(LEFT, BOTTOM, RIGHT, BOTTOM).withClass("axis"),
                Svg.text((LEFT + RIGHT) / 2, HEIGHT - 6, "middle", progressUnit.name()),
                Svg.text(4, 12, "start", unit + (y.isLogarithmic() ? " (log scale)" : "")));
    }

    private void line(Svg svg, Line line) {
        StringBuilder path = new StringBuilder();
        boolean isDotted = line.points().size() <= MOST_DOTS;
        boolean pen = false; // whether it is down
        for (Point point : line.points()) {
            boolean drawn = point.isFinite() && Double.isFinite(progress.of(point));
            if (drawn) {
                String at = Svg.number(place(point)) + " " + Svg.number(height(point.value()));
                path.append(pen ? "L" : "M").append(at);
                if (!pen) {
                    path.append("h0"); // a lone point becomes a dot of the line's width
                }
                if (isDotted) {
                    svg.with(Svg.of("circle").attr("cx", Svg.number(place(point)))
                            .attr("cy", Svg.number(height(point.value()))).attr("r", "2.5").withStyle("--c:" + line.ink()));
                }
            }
            pen = drawn;
        }
        svg.with(Svg.path(path.toString()).withClass(("line " + line.look()).strip()).withStyle("--c:" + line.ink()));
    }

    private DomContent legend() {
        return lines.size() == 1 && lines.get(0).name().equals(title) ? each() : ul(each(lines, line -> li(
                Svg.canvas(24, 8, line.name()).withClass("key").with(Svg.path("M1 4h22")
                        .withClass(("line " + line.look()).strip()).withStyle("--c:" + line.ink())),
                span(line.name())))).withClass("legend");
    }

    private double place(Point point) {
        return LEFT + x.place(progress.of(point) / progressUnit.size()) * (RIGHT - LEFT);
    }

    private double height(double value) {
        return BOTTOM - y.place(value) * (BOTTOM - TOP);
    }
}
