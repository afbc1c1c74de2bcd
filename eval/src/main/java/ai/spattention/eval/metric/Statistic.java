package ai.spattention.eval.metric;

/**
 * A metric's value.
 *
 * @param value the value
 * @param standardError its standard error, or null where none is defined
 */
public record Statistic(double value, Double standardError) {}
