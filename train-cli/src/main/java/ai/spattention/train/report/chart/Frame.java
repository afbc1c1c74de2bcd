package ai.spattention.train.report.chart;

import java.util.ArrayList;
import java.util.List;

/**
 * The place of curves in a drawing, between an axis below and one at the left.
 *
 * @param x the axis below
 * @param y the axis at the left
 * @param left where the place begins
 * @param top its top
 * @param right where it ends
 * @param bottom its bottom
 */
record Frame(Axis x, Axis y, double left, double top, double right, double bottom) {

    /** Labels of the axis below need so much room. */
    private static final double APART = 34;
    private static final double TICK = 4;

    /** Where a value of the axis below lies. */
    double across(double value) {
        return left + x.place(value) * (right - left);
    }

    /** Where a value of the axis at the left lies. */
    double up(double value) {
        return bottom - y.place(value) * (bottom - top);
    }

    /** Draws the axes with their ticks and the names of their units. */
    void draw(Svg svg, String xUnit, String yUnit) {
        StringBuilder grid = new StringBuilder();
        y.ticks().stream().filter(tick -> !isZeroLine(tick)).forEach(tick -> grid.append(Svg.level(left, right, up(tick))));
        StringBuilder axis = new StringBuilder(Svg.level(left, right, bottom));
        ticksWithRoom().forEach(tick -> axis.append(Svg.upright(across(tick), bottom, bottom + TICK)));
        svg.with(Svg.path(grid).withClass("grid"));
        y.ticks().stream().filter(this::isZeroLine).forEach(zero -> svg.with(Svg.path(Svg.level(left, right, up(zero))).withClass("zero")));
        svg.with(Svg.path(axis).withClass("axis"),
                Svg.group("at-end", y.ticks().stream().map(tick -> Svg.label(left - 6, up(tick) + 4, Numbers.tick(tick)))),
                Svg.group("at-middle", ticksWithRoom().stream().map(tick -> Svg.label(across(tick), bottom + 17, Numbers.tick(tick))))
                        .with(Svg.text((left + right) / 2, bottom + 34, named(xUnit, x))),
                Svg.text(4, 12, named(yUnit, y)));
    }

    private static String named(String unit, Axis axis) {
        return unit + (axis.isLogarithmic() ? " (log scale)" : "");
    }

    /** Where values have both signs, 0 parts them. */
    private boolean isZeroLine(double tick) {
        return tick == 0 && y.low() < 0;
    }

    private List<Double> ticksWithRoom() {
        List<Double> ticks = new ArrayList<>();
        for (double tick : x.ticks()) {
            if (ticks.isEmpty() || across(tick) - across(ticks.get(ticks.size() - 1)) >= APART) {
                ticks.add(tick);
            }
        }
        return ticks;
    }
}
