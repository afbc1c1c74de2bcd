package ai.spattention.train.report.chart;

import java.util.ArrayList;
import java.util.List;

/**
 * An axis with its ticks.
 *
 * @param low the value at its start
 * @param high the value at its end, above {@code low}
 * @param isLogarithmic whether equal ratios take equal room
 * @param ticks the values to label, ascending
 */
public record Axis(double low, double high, boolean isLogarithmic, List<Double> ticks) {

    private static final int TICKS = 5;
    /** Moments' labels are short and the axis is long. */
    private static final int TICKS_OF_MOMENTS = 8;
    /** The ticks of a decade. */
    private static final double[] FINEST = {1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8};
    private static final double[] FINE = {1, 1.5, 2, 3, 5, 7};
    private static final double[] MEDIUM = {1, 2, 5};
    private static final double[] COARSE = {1};

    /**
     * Lays an axis out.
     *
     * @param scale the wanted scale
     * @param min the smallest finite value
     * @param max the largest
     * @return the axis
     */
    public static Axis of(Scale scale, double min, double max) {
        if (scale == Scale.LOGARITHMIC && min > 0) {
            return logarithmic(min, max);
        }
        double from = scale == Scale.FROM_ZERO ? Math.min(0, min) : min;
        double to = scale == Scale.FROM_ZERO ? Math.max(0, max) : max;
        if (to - from <= Math.abs(to) * 1e-9) { // one value: room on both sides
            double room = from == 0 ? 1 : Math.abs(from) / 10;
            from = scale == Scale.FROM_ZERO ? 0 : from - room;
            to += room;
        }
        double step = niceStep(to - from, TICKS);
        double low = Math.floor(from / step) * step;
        double high = Math.ceil(to / step) * step;
        return new Axis(low, high, false, multiples(step, low, high));
    }

    /**
     * An axis that ends exactly where the values do: for the moments of a run, which begins at zero.
     *
     * @param max the largest value
     * @return the axis, from 0
     */
    public static Axis upTo(double max) {
        double high = max > 0 ? max : 1;
        return new Axis(0, high, false, multiples(niceStep(high, TICKS_OF_MOMENTS), 0, high));
    }

    private static Axis logarithmic(double min, double max) {
        double low = min / 1.05;
        double high = max * 1.05;
        double decades = Math.log10(high / low);
        if (decades < 0.3) {
            double step = niceStep(high - low, TICKS);
            return new Axis(low, high, true, multiples(step, Math.ceil(low / step) * step, high));
        }
        List<Double> ticks = new ArrayList<>();
        int apart = (int) Math.ceil(decades / 6);
        for (int power = (int) Math.floor(Math.log10(low)); power <= Math.log10(high); power++) {
            for (double factor : factors(decades)) {
                double tick = factor * Math.pow(10, power);
                if (tick >= low && tick <= high && Math.floorMod(power, apart) == 0) {
                    ticks.add(tick);
                }
            }
        }
        return new Axis(low, high, true, ticks);
    }

    private static double[] factors(double decades) {
        if (decades < 0.8) {
            return FINEST;
        }
        return decades < 1.6 ? FINE : decades < 3 ? MEDIUM : COARSE;
    }

    private static List<Double> multiples(double step, double from, double to) {
        List<Double> ticks = new ArrayList<>();
        long first = Math.round(from / step);
        for (long i = first; i * step <= to + step * 1e-6; i++) {
            ticks.add(i * step);
        }
        return ticks;
    }

    /** The 1, 2 or 5 times a power of ten that gives about that many ticks, or fewer. */
    private static double niceStep(double range, int ticks) {
        double raw = range / ticks;
        double power = Math.pow(10, Math.floor(Math.log10(raw)));
        double factor = raw / power;
        return power * (factor <= 1 ? 1 : factor <= 2 ? 2 : factor <= 5 ? 5 : 10);
    }

    /**
     * Where a value lies.
     *
     * @param value the value
     * @return 0 at the start, 1 at the end
     */
    public double place(double value) {
        return isLogarithmic ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);
    }
}
