package ai.spattention.train.report.chart;

import java.util.List;

/**
 * A line of a chart.
 *
 * @param name its name in the legend
 * @param style its colour, dash and marker
 * @param look further CSS classes of its path: {@code faint}, {@code bold} or none; what is faint has neither dash nor markers
 * @param points its points in order, NaN values for gaps
 */
public record Line(String name, LineStyle style, String look, List<Point> points) {

    /** A line that looks like the others of its number in all charts. */
    public static Line of(String name, int number, List<Point> points) {
        return new Line(name, new LineStyle(number), "", points);
    }

    /** Whether it stands behind another one that shows the same more clearly. */
    boolean isFaint() {
        return look.equals("faint");
    }

    /** The CSS classes of its path. */
    String classes() {
        return style.classes(look, !isFaint());
    }
}
