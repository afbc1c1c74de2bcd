package ai.spattention.train.report.chart;

import java.util.List;
import java.util.function.ToDoubleFunction;

/** What a chart counts a run's progress in: its x-axis. */
public enum Progress {

    STEPS("optimizer steps", Point::step),
    TOKENS("tokens", Point::tokens),
    TIME("", Point::seconds);

    /**
     * A unit to label the axis in.
     *
     * @param name its name
     * @param size how many of the point's units make one
     */
    record Unit(String name, double size) {}

    private static final List<Unit> TIMES = List.of(new Unit("days", 86_400), new Unit("hours", 3_600),
            new Unit("minutes", 60), new Unit("seconds", 1));

    private final String unit;
    private final ToDoubleFunction<Point> place;

    Progress(String unit, ToDoubleFunction<Point> place) {
        this.unit = unit;
        this.place = place;
    }

    /** Where a point lies, in steps, tokens or seconds; NaN if that is not known. */
    double of(Point point) {
        return place.applyAsDouble(point);
    }

    /** A moment for people. */
    String label(Point point) {
        return switch (this) {
            case STEPS -> "step " + Numbers.whole(point.step());
            case TOKENS -> Numbers.count(point.tokens()) + " tokens";
            case TIME -> Numbers.clock(point.seconds());
        };
    }

    /** The unit in which a run of this length is best told: of times, the largest that gives at least three. */
    Unit unit(double length) {
        return this == TIME ? TIMES.stream().filter(time -> length >= 3 * time.size()).findFirst().orElse(TIMES.get(3))
                : new Unit(unit, 1);
    }
}
