package ai.spattention.train.report.chart;

/** How values are laid out along an axis. */
public enum Scale {

    /** From about the smallest value to about the largest. */
    LINEAR,

    /** From zero. */
    FROM_ZERO,

    /** By orders of magnitude, where all values are positive; otherwise linear. */
    LOGARITHMIC
}
