package ai.spattention.eval;

import ai.spattention.common.InvalidInputException;

/**
 * How many rows are scored, as lm-evaluation-harness limits them: below 1 a fraction of the rows, rounded up to whole ones, else a
 * number of rows. They are the first ones.
 *
 * @param value 0 for all rows, a fraction in (0, 1), or a whole number
 */
public record Limit(double value) {

    /** All rows. */
    public static final Limit NONE = new Limit(0);

    /**
     * Checks the value.
     *
     * @throws InvalidInputException if it is none of these
     */
    public Limit {
        if (!(value >= 0) || value > 1 && value != Math.rint(value) || value > Integer.MAX_VALUE) {
            throw new InvalidInputException("a limit must be a whole number of rows, or a fraction of them between 0 and 1 (got "
                    + (value == Math.rint(value) && Math.abs(value) < Integer.MAX_VALUE ? Integer.toString((int) value)
                            : Double.toString(value)) + ")");
        }
    }

    /**
     * How many rows of so many are scored.
     *
     * @param total the number of rows
     * @return 1 to total; 0 if there are none
     */
    public long of(long total) {
        if (value == 0) {
            return total;
        }
        return Math.min(total, value < 1 ? (long) Math.ceil(total * value) : (long) value);
    }

    /**
     * The value for files.
     *
     * @return a fraction as such, a number of rows as a whole number, null for all rows
     */
    public Number number() {
        if (value == 0) {
            return null;
        }
        if (value < 1) {
            return value;
        }
        return (long) value;
    }
}
