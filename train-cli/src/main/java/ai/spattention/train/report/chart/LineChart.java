package ai.spattention.train.report.chart;

import static j2html.TagCreator.each;

import j2html.tags.DomContent;
import j2html.tags.specialized.FigureTag;
import java.util.List;
import java.util.Optional;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;

/** Lines over a run's progress, with axes, a legend and, where the pointer rests, the values there. */
public final class LineChart {

    private static final double WIDTH = 560;
    private static final double HEIGHT = 276;
    private static final double LEFT = 52;
    private static final double RIGHT = WIDTH - 14;
    private static final double TOP = 28;
    private static final double BOTTOM = HEIGHT - 40;
    /** Lines of few points show each of them, those of many some, to tell the lines apart; all take the keyboard's focus. */
    private static final int MOST_MARKERS = 24;
    private static final int MOST_MARKERS_OF_LINE = 12;
    private static final int MARKERS_OF_MANY = 5;

    private final String title;
    private final String see;
    private final String unit;
    private final Progress progress;
    private final List<Line> lines;
    private final List<Point> notFinite;
    private final Progress.Unit progressUnit;
    private final Frame frame;

    private LineChart(String title, String see, String unit, Progress progress, List<Line> lines, List<Point> notFinite, Axis y) {
        this.title = title;
        this.see = see;
        this.unit = unit;
        this.progress = progress;
        this.lines = lines;
        this.notFinite = notFinite;
        double longest = lines.stream().flatMap(line -> line.points().stream()).mapToDouble(progress::of)
                .filter(Double::isFinite).max().orElse(1);
        progressUnit = progress.unit(longest);
        frame = new Frame(Axis.upTo(longest / progressUnit.size()), y, LEFT, TOP, RIGHT, BOTTOM);
    }

    /**
     * Draws a chart.
     *
     * @param title what is shown
     * @param see what is to be seen in it
     * @param unit what the values are counted in; may be empty
     * @param scale how to lay the values out
     * @param progress what the run's progress is counted in
     * @param lines the lines
     * @param notFinite moments at which a value was not finite, marked at the top
     * @return the chart, or nothing if no line has a finite value
     */
    public static Optional<FigureTag> draw(String title, String see, String unit, Scale scale, Progress progress, List<Line> lines,
            List<Point> notFinite) {
        DoubleStream.Builder values = DoubleStream.builder();
        lines.forEach(line -> line.points().stream().filter(Point::isFinite).forEach(point -> values.add(point.value())));
        var range = values.build().summaryStatistics();
        if (range.getCount() == 0) {
            return Optional.empty();
        }
        Axis y = Axis.of(scale, range.getMin(), range.getMax());
        return Optional.of(new LineChart(title, see, unit, progress, lines, notFinite, y).draw());
    }

    private FigureTag draw() {
        Svg svg = Svg.canvas(WIDTH, HEIGHT, title).attr("role", "group");
        frame.draw(svg, progressUnit.name(), unit);
        lines.forEach(line -> svg.with(path(line)));
        notFinite.stream().filter(point -> Double.isFinite(progress.of(point))).forEach(point -> svg.with(
                Svg.path("M" + Svg.pair(place(point) - 4, TOP - 6) + "h8l-4 7z").withClass("bad").hover("step " + Numbers.whole(point.step()) + ": not a finite number")));
        svg.with(new HoverStrips(lines, point -> (place(point) - LEFT) / (RIGHT - LEFT)).draw(LEFT, TOP, RIGHT, BOTTOM));
        lines.stream().filter(line -> !line.isFaint()).forEach(line -> svg.with(markers(line))); // above the strips, and so within reach
        return Page.figure(title, see, svg, legend()).withClass("chart");
    }

    private Svg path(Line line) {
        Polyline path = new Polyline();
        boolean pen = false; // whether it is down
        for (Point point : line.points()) {
            boolean drawn = isDrawn(point);
            if (drawn && pen) {
                path.lineTo(place(point), frame.up(point.value()));
            } else if (drawn) {
                path.moveTo(place(point), frame.up(point.value())).lineTo(place(point), frame.up(point.value())); // alone it becomes a dot
            }
            pen = drawn;
        }
        return Svg.path(path.toString()).withClass(line.classes());
    }

    private boolean isDrawn(Point point) {
        return point.isFinite() && Double.isFinite(progress.of(point));
    }

    private Svg markers(Line line) {
        List<Point> drawn = line.points().stream().filter(this::isDrawn).toList();
        int most = Math.max(1, Math.min(MOST_MARKERS_OF_LINE, MOST_MARKERS / lines.size()));
        int every = drawn.size() <= most ? 1 : drawn.size() / Math.min(most, MARKERS_OF_MANY);
        int last = drawn.size() - 1;
        return line.style().points(IntStream.range(0, drawn.size()).filter(i -> (last - i) % every == 0).mapToObj(drawn::get)
                .map(point -> new LabelledPoint(line.style(), place(point), frame.up(point.value()), line.name() + " at "
                        + progress.label(point) + ": " + Numbers.plain(point.value()) + (unit.isEmpty() ? "" : " " + unit))).toList(), WIDTH / 2);
    }

    private DomContent legend() {
        return lines.size() == 1 && lines.get(0).name().equals(title) ? each() : Legend.draw(lines.stream()
                .map(line -> new Legend.Entry(line.name(), line.style(), line.look(), !line.isFaint())).toList());
    }

    private double place(Point point) {
        return frame.across(progress.of(point) / progressUnit.size());
    }
}
