package ai.spattention.train.report.chart;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.DoubleStream;

/**
 * Curves over a number: loss over tokens, copying over distance. Points carry intervals and the single measurements behind them, and up to
 * twelve of a curve take the focus; distances that matter are drawn as upright lines.
 */
public final class CurveChart {

    /** Labels of the points' numbers are for these only, evenly spread; more would be a burden to those who step through them. */
    private static final int MOST_STOPS = 12;
    private static final double LEFT = 52;
    private static final double TOP = 28;
    private static final double BELOW = 40;

    private final Builder is;
    private final Axis x;
    private final Axis y;
    private final double right;
    private final double bottom;

    private CurveChart(Builder builder) {
        is = builder;
        x = builder.x;
        y = builder.y;
        right = builder.width - 14;
        bottom = builder.height - BELOW;
    }

    /**
     * A point of a curve.
     *
     * @param x where it lies
     * @param y its value
     * @param interval the ends of its interval, low and high; empty where none is known
     * @param single the measurements that the value is the mean of; may be empty
     * @param label what it is, with numbers and units
     */
    public record Spot(double x, double y, Optional<Range> interval, List<Double> single, String label) {}

    /**
     * A curve.
     *
     * @param name what it stands for
     * @param style how it looks
     * @param spots its points from left to right
     */
    public record Curve(String name, LineStyle style, List<Spot> spots) {}

    /**
     * Begins a chart.
     *
     * @param title what is shown, for those who cannot see it
     * @param curves the curves
     * @return a builder
     */
    public static Builder builder(String title, List<Curve> curves) {
        return new Builder(title, curves);
    }

    /** What a chart looks like. */
    public static final class Builder {

        private final String title;
        private final List<Curve> curves;
        private double width = 560;
        private double height = 300;
        private String xUnit = "";
        private String yUnit = "";
        private Axis x;
        private Axis y;
        private List<Integer> edges = List.of();

        private Builder(String title, List<Curve> curves) {
            this.title = title;
            this.curves = curves;
        }

        /**
         * Sets the axis to the right.
         *
         * @param unit its name with its unit
         * @param scale how values are laid out
         * @return this
         */
        public Builder setX(String unit, Scale scale) {
            xUnit = unit;
            x = axis(scale, curves.stream().flatMapToDouble(curve -> curve.spots().stream().mapToDouble(Spot::x)));
            return this;
        }

        /**
         * Sets the upright axis so that it holds what is drawn.
         *
         * @param unit its name with its unit
         * @param scale how values are laid out
         * @return this
         */
        public Builder setY(String unit, Scale scale) {
            return setY(unit, axis(scale, curves.stream().flatMapToDouble(CurveChart::values)));
        }

        /**
         * Sets the upright axis as other charts beside this one have it.
         *
         * @param unit its name with its unit
         * @param axis the axis, which holds {@link CurveChart#values} of all curves
         * @return this
         */
        public Builder setY(String unit, Axis axis) {
            yUnit = unit;
            y = axis;
            return this;
        }

        /**
         * Sets distances to draw as upright lines.
         *
         * @param distances the distances (default: none); those beyond the axis are left out
         * @return this
         */
        public Builder optEdges(List<Integer> distances) {
            edges = distances;
            return this;
        }

        /**
         * Makes it one of several small ones beside each other.
         *
         * @return this
         */
        public Builder optSmall() {
            width = 320;
            height = 220;
            return this;
        }

        private static Axis axis(Scale scale, DoubleStream values) {
            var range = values.summaryStatistics();
            return range.getCount() == 0 ? Axis.upTo(1) : Axis.of(scale, range.getMin(), range.getMax());
        }

        /**
         * Draws the chart; both axes have to be set.
         *
         * @return the drawing
         */
        public Svg draw() {
            return new CurveChart(this).draw();
        }
    }

    /**
     * Everything that an upright axis has to hold.
     *
     * @param curve a curve
     * @return its values, the ends of their intervals and the single measurements
     */
    public static DoubleStream values(Curve curve) {
        return curve.spots().stream().flatMapToDouble(spot -> DoubleStream.concat(DoubleStream.of(spot.y()),
                DoubleStream.concat(spot.single().stream().mapToDouble(value -> value),
                        spot.interval().stream().flatMapToDouble(range -> DoubleStream.of(range.low(), range.high())))));
    }

    private Svg draw() {
        Svg svg = Svg.canvas(is.width, is.height, is.title).attr("role", "group");
        axes(svg);
        for (int edge : is.edges) {
            if (edge >= x.low() && edge <= x.high() && edge > 0) {
                svg.with(Svg.line(across(edge), TOP, across(edge), bottom).withClass("edge").hover("a band's edge at " + edge));
            }
        }
        is.curves.forEach(curve -> curve(svg, curve));
        is.curves.forEach(curve -> points(svg, curve)); // their labels lie over every curve
        return svg;
    }

    private void axes(Svg svg) {
        for (double tick : y.ticks()) {
            svg.with(Svg.line(LEFT, up(tick), right, up(tick)).withClass(tick == 0 ? "zero" : "grid"),
                    Svg.text(LEFT - 6, up(tick) + 4, "end", Numbers.tick(tick)));
        }
        for (double tick : ticksWithRoom()) {
            svg.with(Svg.line(across(tick), bottom, across(tick), bottom + 4).withClass("axis"),
                    Svg.text(across(tick), bottom + 17, "middle", Numbers.tick(tick)));
        }
        svg.with(Svg.line(LEFT, bottom, right, bottom).withClass("axis"),
                Svg.text((LEFT + right) / 2, is.height - 6, "middle", is.xUnit + (x.isLogarithmic() ? " (log scale)" : "")),
                Svg.text(4, 12, "start", is.yUnit + (y.isLogarithmic() ? " (log scale)" : "")));
    }

    private List<Double> ticksWithRoom() {
        List<Double> ticks = new ArrayList<>();
        for (double tick : x.ticks()) {
            if (ticks.isEmpty() || across(tick) - across(ticks.get(ticks.size() - 1)) >= 34) {
                ticks.add(tick);
            }
        }
        return ticks;
    }

    private void curve(Svg svg, Curve curve) {
        String colour = "--c:" + curve.style().colour();
        StringBuilder path = new StringBuilder();
        for (Spot spot : curve.spots()) {
            path.append(path.length() == 0 ? "M" : "L").append(Svg.number(across(spot.x()))).append(' ').append(Svg.number(up(spot.y())));
            spot.interval().ifPresent(range -> svg.with(Svg.line(across(spot.x()), up(range.low()), across(spot.x()), up(range.high()))
                    .withClass("range").withStyle(colour)));
            spot.single().forEach(value -> svg.with(Svg.of("circle").attr("cx", Svg.number(across(spot.x())))
                    .attr("cy", Svg.number(up(value))).attr("r", "1.6").withClass("single").withStyle(colour)));
        }
        svg.with(Svg.path(path.toString()).withClass(("line " + curve.style().dash()).strip()).withStyle(colour));
    }

    private void points(Svg svg, Curve curve) {
        int every = (curve.spots().size() + MOST_STOPS - 1) / MOST_STOPS;
        for (int i = curve.spots().size() - 1; i >= 0; i -= every) { // the last one counts most
            Spot spot = curve.spots().get(i);
            curve.style().point(svg, across(spot.x()), up(spot.y()), across(spot.x()) > is.width / 2, spot.label());
        }
    }

    private double across(double value) {
        return LEFT + x.place(value) * (right - LEFT);
    }

    private double up(double value) {
        return bottom - y.place(value) * (bottom - TOP);
    }
}
