package ai.spattention.train.report.chart;

import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Shapes that a page has once, and that its charts refer to: markers of points, and rings, one of each colour, at every corner of a path. */
final class Shapes {

    private static final double SIZE = 3.2;
    private static final List<String> MARKERS = List.of(
            circle(SIZE - 0.4),
            closed(-1, -1, 1, -1, 1, 1, -1, 1), // square
            closed(0, -1.4, 1.3, 1, -1.3, 1), // triangle
            closed(0, -1.4, 1.4, 0, 0, 1.4, -1.4, 0), // diamond
            closed(0, 1.4, 1.3, -1, -1.3, -1), // triangle upside down
            closed(-0.4, -1.3, 0.4, -1.3, 0.4, -0.4, 1.3, -0.4, 1.3, 0.4, 0.4, 0.4, 0.4, 1.3, -0.4, 1.3, -0.4, 0.4, -1.3, 0.4, -1.3, -0.4,
                    -0.4, -0.4), // plus
            closed(-1.5, 0, -0.75, -1.2, 0.75, -1.2, 1.5, 0, 0.75, 1.2, -0.75, 1.2), // hexagon
            closed(-1.4, -0.5, 1.4, -0.5, 1.4, 0.5, -1.4, 0.5), // bar
            closed(-1.3, -0.8, -0.8, -1.3, 0, -0.5, 0.8, -1.3, 1.3, -0.8, 0.5, 0, 1.3, 0.8, 0.8, 1.3, 0, 0.5, -0.8, 1.3, -1.3, 0.8,
                    -0.5, 0)); // cross

    private Shapes() {}

    /** The shapes, which show nothing by themselves. */
    static Svg definitions() {
        Stream<Svg> markers = IntStream.range(0, MARKERS.size()).mapToObj(shape -> Svg.path(MARKERS.get(shape)).withId("m" + shape));
        Stream<Svg> rings = IntStream.range(0, LineStyle.COLOURS).mapToObj(Shapes::ring);
        return Svg.of("svg").withClass("shapes").attr("aria-hidden", "true")
                .with(Svg.of("defs").with(Stream.concat(markers, rings).toList()));
    }

    /** A marker in the colour of its place. */
    static Svg marker(int shape, double x, double y) {
        return Svg.of("use").attr("href", "#m" + shape).attr("x", Svg.number(x)).attr("y", Svg.number(y));
    }

    /** A ring takes the colour of where it is defined, so there is one for each; the page's style says which paths have it. */
    private static Svg ring(int colour) {
        return Svg.of("marker").withId("ring" + colour).withClass(LineStyle.ink(colour)).attr("markerUnits", "userSpaceOnUse")
                .attr("viewBox", "-3 -3 6 6").attr("markerWidth", "6").attr("markerHeight", "6")
                .with(Svg.path(circle(1.6)));
    }

    private static String circle(double radius) {
        String half = "a" + Svg.pair(radius, radius) + " 0 1 0 ";
        return "M" + Svg.pair(-radius, 0) + half + Svg.pair(2 * radius, 0) + half + Svg.pair(-2 * radius, 0) + "z";
    }

    private static String closed(double... corners) {
        Polyline path = new Polyline();
        for (int i = 0; i < corners.length; i += 2) {
            path.to(SIZE * corners[i], SIZE * corners[i + 1]);
        }
        return path + "z";
    }
}
