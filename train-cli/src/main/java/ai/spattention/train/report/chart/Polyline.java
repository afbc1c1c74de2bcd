package ai.spattention.train.report.chart;

/** Strokes from point to point as a path writes them shortest: each from the point before, in tenths, so that no rounding adds up. */
final class Polyline {

    private final StringBuilder path = new StringBuilder();
    private long xTenths;
    private long yTenths;

    /** Goes to a point without drawing. */
    Polyline moveTo(double x, double y) {
        path.append('M').append(Svg.pair(x, y));
        return at(x, y);
    }

    /** Draws to a point; one must have been gone to before. */
    Polyline lineTo(double x, double y) {
        double right = (Math.round(x * 10) - xTenths) / 10.0;
        double down = (Math.round(y * 10) - yTenths) / 10.0;
        if (down == 0) {
            path.append('h').append(Svg.number(right));
        } else if (right == 0) {
            path.append('v').append(Svg.number(down));
        } else {
            path.append('l').append(Svg.pair(right, down));
        }
        return at(x, y);
    }

    /** Draws to a point, or begins there. */
    Polyline to(double x, double y) {
        return isEmpty() ? moveTo(x, y) : lineTo(x, y);
    }

    /** Whether no point has been gone to. */
    boolean isEmpty() {
        return path.length() == 0;
    }

    private Polyline at(double x, double y) {
        xTenths = Math.round(x * 10);
        yTenths = Math.round(y * 10);
        return this;
    }

    /** The strokes so far. */
    @Override
    public String toString() {
        return path.toString();
    }
}
