package ai.spattention.train.report.chart;

import ai.spattention.train.metrics.StepMetrics;

/**
 * A value at a moment of a run.
 *
 * @param step the optimizer step
 * @param tokens tokens learnt from so far
 * @param seconds seconds since the run's start
 * @param value the value, NaN for a gap in the line
 */
public record Point(long step, long tokens, double seconds, double value) {

    public static Point of(StepMetrics metrics, double value) {
        return new Point(metrics.step(), metrics.tokens(), metrics.timeSeconds(), value);
    }

    public Point withValue(double other) {
        return new Point(step, tokens, seconds, other);
    }

    /** Whether the value can be drawn; larger ones than this have overflowed somewhere. */
    public boolean isFinite() {
        return Math.abs(value) < 1e100;
    }
}
