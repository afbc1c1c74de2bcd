package ai.spattention.train.report.chart;

import java.util.List;
import java.util.Optional;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;

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
    private final Frame frame;

    private CurveChart(Builder builder) {
        is = builder;
        frame = new Frame(builder.x, builder.y, LEFT, TOP, builder.width - 14, builder.height - BELOW);
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
        frame.draw(svg, is.xUnit, is.yUnit);
        List<Integer> edges = is.edges.stream().filter(edge -> edge >= is.x.low() && edge <= is.x.high() && edge > 0).toList();
        if (!edges.isEmpty()) {
            svg.with(Svg.group("edges", edges.stream().map(this::edge)));
        }
        is.curves.forEach(curve -> curve(svg, curve));
        is.curves.forEach(curve -> svg.with(points(curve))); // their labels lie over every curve
        return svg;
    }

    private Svg edge(int distance) {
        return Svg.path(Svg.upright(frame.across(distance), frame.top(), frame.bottom())).hover("a band's edge at " + distance);
    }

    private void curve(Svg svg, Curve curve) {
        Polyline line = new Polyline();
        StringBuilder ranges = new StringBuilder();
        Polyline singles = new Polyline();
        for (Spot spot : curve.spots()) {
            double at = frame.across(spot.x());
            line.to(at, frame.up(spot.y()));
            spot.interval().ifPresent(range -> ranges.append(Svg.upright(at, frame.up(range.low()), frame.up(range.high()))));
            spot.single().forEach(value -> singles.to(at, frame.up(value)));
        }
        if (ranges.length() > 0) {
            svg.with(Svg.path(ranges).withClass("range " + curve.style().ink()));
        }
        if (!singles.isEmpty()) { // a ring at each corner of a path that is not drawn
            svg.with(Svg.path(singles.toString()).withClass("single " + curve.style().ink()));
        }
        svg.with(Svg.path(line.toString()).withClass(curve.style().classes("", true)));
    }

    private Svg points(Curve curve) {
        int every = (curve.spots().size() + MOST_STOPS - 1) / MOST_STOPS;
        int last = curve.spots().size() - 1; // it counts most
        return curve.style().points(IntStream.rangeClosed(0, last).filter(i -> (last - i) % every == 0).mapToObj(curve.spots()::get)
                .map(spot -> new LabelledPoint(curve.style(), frame.across(spot.x()), frame.up(spot.y()), spot.label())).toList(), is.width / 2);
    }
}
