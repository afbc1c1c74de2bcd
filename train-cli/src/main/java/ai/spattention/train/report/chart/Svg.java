package ai.spattention.train.report.chart;

import j2html.tags.ContainerTag;

/** An SVG element. */
public final class Svg extends ContainerTag<Svg> {

    private Svg(String name) {
        super(name);
    }

    /**
     * An element.
     *
     * @param name its name
     * @return the element
     */
    public static Svg of(String name) {
        return new Svg(name);
    }

    /**
     * A drawing that scales to the width of its place, told to those who cannot see it by its label.
     *
     * @param width its width in units of its coordinates
     * @param height its height
     * @param label what is drawn
     * @return the drawing
     */
    public static Svg canvas(double width, double height, String label) {
        return of("svg").attr("viewBox", "0 0 " + number(width) + " " + number(height)).attr("role", "img")
                .attr("aria-label", label);
    }

    /**
     * A rectangle.
     *
     * @param x its left
     * @param y its top
     * @param width its width
     * @param height its height
     * @return the element
     */
    public static Svg rect(double x, double y, double width, double height) {
        return of("rect").attr("x", number(x)).attr("y", number(y)).attr("width", number(width))
                .attr("height", number(height));
    }

    /**
     * A straight line.
     *
     * @param x1 one end
     * @param y1 one end
     * @param x2 the other end
     * @param y2 the other end
     * @return the element
     */
    public static Svg line(double x1, double y1, double x2, double y2) {
        return of("line").attr("x1", number(x1)).attr("y1", number(y1)).attr("x2", number(x2)).attr("y2", number(y2));
    }

    /**
     * A path.
     *
     * @param data its strokes
     * @return the element
     */
    public static Svg path(String data) {
        return of("path").attr("d", data);
    }

    /**
     * Text that starts, is centred or ends at a place.
     *
     * @param x the place
     * @param y its base line
     * @param anchor start, middle or end
     * @param text the text
     * @return the element
     */
    public static Svg text(double x, double y, String anchor, String text) {
        return of("text").attr("x", number(x)).attr("y", number(y)).attr("text-anchor", anchor).withText(text);
    }

    /**
     * Sets what is shown when the pointer rests on the element.
     *
     * @param title the text
     * @return this
     */
    public Svg hover(String title) {
        return with(of("title").withText(title));
    }

    /**
     * A rectangle as a piece of a path.
     *
     * @param x its left
     * @param y its top
     * @param width its width
     * @param height its height
     * @return its strokes
     */
    public static String box(double x, double y, double width, double height) {
        return "M" + number(x) + " " + number(y) + "h" + number(width) + "v" + number(height)
                + "h-" + number(width) + "z";
    }

    /**
     * A coordinate: a tenth of a unit is finer than anyone sees, and short.
     *
     * @param value the coordinate
     * @return its text
     */
    public static String number(double value) {
        long tenths = Math.round(value * 10);
        long rest = Math.abs(tenths % 10);
        String whole = (tenths < 0 && tenths > -10 ? "-" : "") + tenths / 10;
        return rest == 0 ? whole : whole + "." + rest;
    }
}
