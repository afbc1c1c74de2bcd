package ai.spattention.train.study.statistics;

/**
 * A range that holds a value with a stated confidence.
 *
 * @param low its lower end
 * @param high its upper end
 */
public record Interval(double low, double high) {

    /**
     * Whether every value in it is smaller than a margin, in either direction.
     *
     * @param margin the margin, above 0
     * @return whether both ends lie inside
     */
    public boolean isWithin(double margin) {
        return low > -margin && high < margin;
    }

    /**
     * Whether it holds a value.
     *
     * @param value the value
     * @return whether it lies between the ends, ends included
     */
    public boolean contains(double value) {
        return low <= value && value <= high;
    }
}
