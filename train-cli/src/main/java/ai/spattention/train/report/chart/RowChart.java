package ai.spattention.train.report.chart;

import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Things below one another, each with its measurements as points on one axis: losses with seeds as dots, differences as a forest plot. */
public final class RowChart {

    private static final double WIDTH = 560;
    private static final double LEFT = 134;
    private static final double RIGHT = WIDTH - 92;
    /** What there is room for; a longer name is cut, and whole where the pointer rests on it. */
    private static final int LONGEST_NAME = 20;
    private static final double TOP = 10;
    private static final double ROW = 30;
    private static final double BELOW = 40;

    private final String title;
    private final String unit;
    private final List<Row> rows;
    private final Optional<Range> margin;
    private final OptionalDouble mark;
    private final Axis axis;

    private RowChart(String title, String unit, List<Row> rows, Optional<Range> margin, OptionalDouble mark) {
        this.title = title;
        this.unit = unit;
        this.rows = rows;
        this.margin = margin;
        this.mark = mark;
        var range = DoubleStream.concat(DoubleStream.concat(rows.stream().flatMapToDouble(Row::values), mark.stream()),
                margin.stream().flatMapToDouble(each -> DoubleStream.of(each.low(), each.high()))).summaryStatistics();
        axis = range.getCount() == 0 ? Axis.upTo(1) : Axis.of(Scale.LINEAR, range.getMin(), range.getMax());
    }

    /**
     * A measurement.
     *
     * @param value its value
     * @param label what it is, with number and unit
     */
    public record Dot(double value, String label) {}

    /**
     * A row.
     *
     * @param name what it is about
     * @param style how its marks look
     * @param dots its measurements
     * @param middle their mean or estimate, a short upright line; empty where there is none
     * @param interval the interval around it, a thin line
     * @param inner a narrower interval, a thick line
     * @param remark a few words at its end
     */
    public record Row(String name, LineStyle style, List<Dot> dots, OptionalDouble middle, Optional<Range> interval,
            Optional<Range> inner, String remark) {

        private DoubleStream values() {
            return DoubleStream.concat(dots.stream().mapToDouble(Dot::value), DoubleStream.concat(middle.stream(),
                    Stream.of(interval, inner).flatMap(Optional::stream).flatMapToDouble(each -> DoubleStream.of(each.low(), each.high()))));
        }
    }

    /**
     * Draws a chart.
     *
     * @param title what is shown, for those who cannot see it
     * @param unit what the values are, with their unit
     * @param rows the rows
     * @param margin a range to shade; empty for none
     * @param mark a value to draw an upright line at; empty for none
     * @return the drawing
     */
    public static Svg draw(String title, String unit, List<Row> rows, Optional<Range> margin, OptionalDouble mark) {
        return new RowChart(title, unit, rows, margin, mark).draw();
    }

    private Svg draw() {
        double bottom = TOP + rows.size() * ROW;
        Svg svg = Svg.canvas(WIDTH, bottom + BELOW, title).attr("role", "group");
        margin.ifPresent(range -> svg.with(Svg.rect(across(range.low()), TOP, across(range.high()) - across(range.low()), bottom - TOP)
                .withClass("margin")));
        StringBuilder grid = new StringBuilder();
        axis.ticks().forEach(tick -> grid.append(Svg.upright(across(tick), TOP, bottom)));
        svg.with(Svg.path(grid).withClass("grid"), Svg.group("at-middle", axis.ticks().stream()
                .map(tick -> Svg.label(across(tick), bottom + 17, Numbers.tick(tick))))
                .with(Svg.text((LEFT + RIGHT) / 2, bottom + BELOW - 6, unit)));
        mark.ifPresent(value -> svg.with(Svg.path(Svg.upright(across(value), TOP, bottom)).withClass("zero")));
        svg.with(Svg.path(Svg.level(LEFT, RIGHT, bottom)).withClass("axis"),
                Svg.group("at-end", IntStream.range(0, rows.size()).mapToObj(i -> name(rows.get(i), middle(i)))));
        for (int i = 0; i < rows.size(); i++) {
            lines(svg, rows.get(i), middle(i));
        }
        for (int i = 0; i < rows.size(); i++) {
            svg.with(points(rows.get(i), middle(i)));
        }
        return svg;
    }

    private static double middle(int row) {
        return TOP + (row + 0.5) * ROW;
    }

    private static Svg name(Row row, double at) {
        return row.name().length() <= LONGEST_NAME ? Svg.text(LEFT - 8, at + 4, row.name())
                : Svg.text(LEFT - 8, at + 4, row.name().substring(0, LONGEST_NAME - 1) + "…").hover(row.name());
    }

    private void lines(Svg svg, Row row, double at) {
        svg.with(Svg.text(RIGHT + 8, at + 4, row.remark()));
        row.inner().ifPresent(range -> svg.with(Svg.path(Svg.level(across(range.low()), across(range.high()), at))
                .withClass("range thick " + row.style().ink())));
        StringBuilder range = new StringBuilder();
        row.interval().ifPresent(ends -> range.append(Svg.level(across(ends.low()), across(ends.high()), at)));
        row.middle().ifPresent(value -> range.append(Svg.upright(across(value), at - 9, at + 9)));
        if (range.length() > 0) {
            svg.with(Svg.path(range).withClass("range " + row.style().ink()));
        }
    }

    private Svg points(Row row, double at) {
        return row.style().points(row.dots().stream().map(dot -> new LabelledPoint(row.style(), across(dot.value()), at, dot.label())).toList(),
                (LEFT + RIGHT) / 2);
    }

    private double across(double value) {
        return LEFT + axis.place(value) * (RIGHT - LEFT);
    }
}
