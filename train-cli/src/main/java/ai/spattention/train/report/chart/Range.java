package ai.spattention.train.report.chart;

/**
 * The ends of an interval on an axis.
 *
 * @param low the lower end
 * @param high the upper end
 */
public record Range(double low, double high) {}
