package ai.spattention.train.report.chart;

import j2html.attributes.Attribute;
import j2html.rendering.HtmlBuilder;
import j2html.rendering.TagBuilder;
import j2html.tags.ContainerTag;
import j2html.tags.DomContent;
import java.io.IOException;
import java.util.stream.Stream;

/** An SVG element. Pages have thousands of them, so what is written is short: no end tag without content, no zero before a point. */
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
     * A path.
     *
     * @param data its strokes: one path for all that look alike is far shorter than an element for each
     * @return the element
     */
    public static Svg path(CharSequence data) {
        return of("path").attr("d", data);
    }

    /**
     * Elements that share what the group says of them.
     *
     * @param classes its CSS classes
     * @param elements the elements
     * @return the group
     */
    public static Svg group(String classes, Stream<? extends DomContent> elements) {
        return of("g").withClass(classes).with(elements.toList());
    }

    /**
     * Text that starts at a place, unless its group says otherwise.
     *
     * @param x the place
     * @param y its base line
     * @param text the text
     * @return the element
     */
    public static Svg text(double x, double y, String text) {
        return of("text").attr("x", number(x)).attr("y", number(y)).withText(text);
    }

    /**
     * Text beside what it is about, which it need not meet to the tenth: {@link #text} at whole coordinates.
     *
     * @param x the place
     * @param y its base line
     * @param text the text
     * @return the element
     */
    static Svg label(double x, double y, String text) {
        return text(Math.rint(x), Math.rint(y), text);
    }

    /**
     * Text that is centred or ends at a place.
     *
     * @param x the place
     * @param y its base line
     * @param anchor middle or end
     * @param text the text
     * @return the element
     */
    public static Svg text(double x, double y, String anchor, String text) {
        return text(x, y, text).attr("text-anchor", anchor);
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
     * A stroke to the side, a piece of a path.
     *
     * @param x1 one end
     * @param x2 the other end
     * @param y its height
     * @return its strokes
     */
    public static String level(double x1, double x2, double y) {
        return "M" + pair(x1, y) + "H" + number(x2);
    }

    /**
     * A stroke up or down, a piece of a path.
     *
     * @param x its place
     * @param y1 one end
     * @param y2 the other end
     * @return its strokes
     */
    public static String upright(double x, double y1, double y2) {
        return "M" + pair(x, y1) + "V" + number(y2);
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
        return "M" + pair(x, y) + "h" + number(width) + "v" + number(height) + "h-" + number(width) + "z";
    }

    /**
     * Two coordinates, one after the other.
     *
     * @param x the first
     * @param y the second
     * @return their text, with a space where they would run into one another
     */
    public static String pair(double x, double y) {
        String second = number(y);
        return number(x) + (second.startsWith("-") ? "" : " ") + second;
    }

    /**
     * A coordinate: a tenth of a unit is finer than anyone sees, and short.
     *
     * @param value the coordinate
     * @return its text, such as 12, 12.5 or -.5
     */
    public static String number(double value) {
        long tenths = Math.round(value * 10);
        long rest = Math.abs(tenths % 10);
        if (rest == 0) {
            return Long.toString(tenths / 10);
        }
        long whole = Math.abs(tenths / 10);
        return (tenths < 0 ? "-" : "") + (whole == 0 ? "" : Long.toString(whole)) + "." + rest;
    }

    @Override
    public <A extends Appendable> A render(HtmlBuilder<A> builder, Object model) throws IOException {
        if (getNumChildren() > 0) {
            return super.render(builder, model);
        }
        TagBuilder tag = builder.appendEmptyTag(getTagName());
        for (Attribute attribute : getAttributes()) {
            attribute.render(tag, model);
        }
        tag.completeTag();
        return builder.output();
    }
}
