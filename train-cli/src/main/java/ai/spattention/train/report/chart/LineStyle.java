package ai.spattention.train.report.chart;

import java.util.List;

/**
 * How the lines and points of one thing look, the same in every chart: a colour that colour-blind readers tell from the others (after Okabe
 * and Ito, Color Universal Design, 2008), a dash and a marker.
 *
 * @param number from 0 on; the first {@value #COLOURS} differ in colour, and all near one another in dash and marker
 */
public record LineStyle(int number) {

    private static final int COLOURS = 9;
    private static final List<String> DASHES = List.of("", "dashed", "dotted", "dash-dot");
    private static final double SIZE = 3.2;
    private static final double LABEL_ABOVE = 8;

    /**
     * The colour.
     *
     * @return as CSS writes it
     */
    public String colour() {
        return "var(--ink" + number % COLOURS + ")";
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
     * A marker that stands for no measurement of its own, as in a legend.
     *
     * @param x its middle
     * @param y its middle
     * @return the drawing
     */
    public Svg marker(double x, double y) {
        return shape(x, y).withStyle("--c:" + colour());
    }

    /**
     * A measurement: takes the focus, and shows its label then and when the pointer rests on it.
     *
     * @param drawing gets the point
     * @param x its middle
     * @param y its middle
     * @param isRight whether the label is to stand to the left of it, since there is no room to its right
     * @param label what it is, with its number and unit
     */
    public void point(Svg drawing, double x, double y, boolean isRight, String label) {
        drawing.with(marker(x, y).withClass("point").attr("tabindex", "0").attr("role", "img").attr("aria-label", label).hover(label),
                Svg.text(x, y - LABEL_ABOVE, isRight ? "end" : "start", label).withClass("label").attr("aria-hidden", "true"));
    }

    private Svg shape(double x, double y) {
        return switch ((number + number / COLOURS) % COLOURS) {
            case 0 -> Svg.of("circle").attr("cx", Svg.number(x)).attr("cy", Svg.number(y)).attr("r", Svg.number(SIZE - 0.4));
            case 1 -> closed(x, y, -1, -1, 1, -1, 1, 1, -1, 1); // square
            case 2 -> closed(x, y, 0, -1.4, 1.3, 1, -1.3, 1); // triangle
            case 3 -> closed(x, y, 0, -1.4, 1.4, 0, 0, 1.4, -1.4, 0); // diamond
            case 4 -> closed(x, y, 0, 1.4, 1.3, -1, -1.3, -1); // triangle upside down
            case 5 -> closed(x, y, -0.4, -1.3, 0.4, -1.3, 0.4, -0.4, 1.3, -0.4, 1.3, 0.4, 0.4, 0.4, 0.4, 1.3, -0.4, 1.3, -0.4, 0.4,
                    -1.3, 0.4, -1.3, -0.4, -0.4, -0.4); // plus
            case 6 -> closed(x, y, -1.5, 0, -0.75, -1.2, 0.75, -1.2, 1.5, 0, 0.75, 1.2, -0.75, 1.2); // hexagon
            case 7 -> closed(x, y, -1.4, -0.5, 1.4, -0.5, 1.4, 0.5, -1.4, 0.5); // bar
            default -> closed(x, y, -1.3, -0.8, -0.8, -1.3, 0, -0.5, 0.8, -1.3, 1.3, -0.8, 0.5, 0, 1.3, 0.8, 0.8, 1.3, 0, 0.5, -0.8, 1.3,
                    -1.3, 0.8, -0.5, 0); // cross
        };
    }

    private static Svg closed(double x, double y, double... corners) {
        StringBuilder path = new StringBuilder();
        for (int i = 0; i < corners.length; i += 2) {
            path.append(i == 0 ? "M" : "L").append(Svg.number(x + SIZE * corners[i])).append(' ')
                    .append(Svg.number(y + SIZE * corners[i + 1]));
        }
        return Svg.path(path.append('z').toString());
    }
}
