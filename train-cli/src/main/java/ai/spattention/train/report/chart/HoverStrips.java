package ai.spattention.train.report.chart;

import j2html.tags.DomContent;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * Invisible strips over a chart, each with the values of all lines there: larger to hit than points, and fewer.
 */
final class HoverStrips {

    private static final int STRIPS = 60;
    private static final int MOST_LINES = 12;

    private final List<Line> lines;
    private final ToDoubleFunction<Point> place;

    /**
     * Sets strips up.
     *
     * @param lines the chart's lines
     * @param place where a point lies: 0 at the chart's left, 1 at its right, NaN if it is not drawn
     */
    HoverStrips(List<Line> lines, ToDoubleFunction<Point> place) {
        this.lines = lines;
        this.place = place;
    }

    /** Draws the strips that hold points. */
    List<DomContent> draw(double left, double top, double right, double bottom) {
        List<Point[]> nearest = lines.stream().map(this::nearest).toList();
        List<DomContent> strips = new ArrayList<>();
        for (int strip = 0; strip < STRIPS; strip++) {
            String title = title(nearest, strip);
            if (!title.isEmpty()) {
                double width = (right - left) / STRIPS;
                strips.add(Svg.rect(left + strip * width, top, width, bottom - top).withClass("hit").hover(title));
            }
        }
        return strips;
    }

    /** For each strip, the line's point nearest to its middle, or null. */
    private Point[] nearest(Line line) {
        Point[] points = new Point[STRIPS];
        for (Point point : line.points()) {
            double at = place.applyAsDouble(point) * STRIPS;
            if (point.isFinite() && at >= 0 && at <= STRIPS) {
                int strip = Math.min((int) at, STRIPS - 1);
                if (points[strip] == null || distance(point, strip) < distance(points[strip], strip)) {
                    points[strip] = point;
                }
            }
        }
        return points;
    }

    private double distance(Point point, int strip) {
        return Math.abs(place.applyAsDouble(point) * STRIPS - strip - 0.5);
    }

    private String title(List<Point[]> nearest, int strip) {
        StringBuilder title = new StringBuilder();
        int shown = 0;
        for (int i = 0; i < lines.size() && shown < MOST_LINES; i++) {
            Point point = nearest.get(i)[strip];
            if (point != null) {
                if (shown++ == 0) {
                    title.append("step ").append(Numbers.whole(point.step())).append(", ")
                            .append(Numbers.count(point.tokens())).append(" tokens, ").append(Numbers.clock(point.seconds()));
                }
                title.append('\n').append(lines.get(i).name()).append(": ").append(Numbers.plain(point.value()));
            }
        }
        return title.toString();
    }
}
