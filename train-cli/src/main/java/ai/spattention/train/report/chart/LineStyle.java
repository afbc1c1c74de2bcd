package ai.spattention.train.report.chart;

import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * How the lines and points of one thing look, the same in every chart: a colour that colour-blind readers tell from the others (after Okabe
 * and Ito, Color Universal Design, 2008), a dash and a marker.
 *
 * @param number from 0 on; the first {@value #COLOURS} differ in colour, and all near one another in dash and marker
 */
public record LineStyle(int number) {

    /** How many colours there are, and shapes of markers. */
    static final int COLOURS = 9;

    private static final List<String> DASHES = List.of("", "dashed", "dotted", "dash-dot");

    /**
     * The CSS class of the colour.
     *
     * @return the class
     */
    public String ink() {
        return ink(number % COLOURS);
    }

    /** The CSS class of a colour by its number. */
    static String ink(int colour) {
        return "ink" + colour;
    }

    /**
     * The CSS class of the dash.
     *
     * @return the class, empty for a whole line
     */
    public String dash() {
        return DASHES.get((number + number / COLOURS) % DASHES.size());
    }

    /**
     * The CSS classes of a line.
     *
     * @param look further classes; may be empty
     * @param isDashed whether it has this style's dash, rather than being a whole line
     * @return the classes
     */
    String classes(String look, boolean isDashed) {
        return Stream.of("line", look, isDashed ? dash() : "", ink()).filter(name -> !name.isEmpty()).collect(Collectors.joining(" "));
    }

    /**
     * Measurements. Labels stand to the right of their points, and to the left where there is no room.
     *
     * @param points the points
     * @param middle the drawing's middle: what lies to the right of it has its label to the left
     * @return the points in this style's colour
     */
    Svg points(List<LabelledPoint> points, double middle) {
        Svg drawn = Svg.group("points " + ink(), points.stream().filter(point -> point.x() <= middle));
        List<LabelledPoint> right = points.stream().filter(point -> point.x() > middle).toList();
        return right.isEmpty() ? drawn : drawn.with(Svg.group("at-end", right.stream()));
    }

    /**
     * A marker without colour, which the class of what it is in gives.
     *
     * @param x its middle
     * @param y its middle
     * @return the drawing
     */
    public Svg marker(double x, double y) {
        return Shapes.marker((number + number / COLOURS) % COLOURS, x, y);
    }
}
