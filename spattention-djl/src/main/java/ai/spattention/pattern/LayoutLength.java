package ai.spattention.pattern;

import ai.spattention.common.InvalidInputException;

/**
 * The length L from which a pattern computes its bands: fixed (the training length, so that a head's distances stay the
 * same at every sequence length and cached decoding is well defined) or the sequence at hand (as published).
 *
 * @param fixed the fixed length, or 0 for the sequence at hand
 */
public record LayoutLength(int fixed) {

    /** Bands computed from the sequence at hand. */
    public static final LayoutLength SEQUENCE = new LayoutLength(0);

    /** Checks the length. */
    public LayoutLength {
        if (fixed < 0) {
            throw new InvalidInputException("a layout length must be at least 1, or 'sequence' (got " + fixed + ")");
        }
    }

    /**
     * A fixed layout length.
     *
     * @param length the length, at least 1
     * @return the layout length
     */
    public static LayoutLength of(int length) {
        if (length < 1) {
            throw new InvalidInputException("a layout length must be at least 1, or 'sequence' (got " + length + ")");
        }
        return new LayoutLength(length);
    }

    /**
     * Reads a layout length as people write it.
     *
     * @param text a whole number of at least 1, or {@code sequence}
     * @return the layout length
     */
    public static LayoutLength parse(String text) {
        if (text.equals("sequence")) {
            return SEQUENCE;
        }
        try {
            return of(Integer.parseInt(text));
        } catch (NumberFormatException e) {
            throw new InvalidInputException(
                    "a layout length must be a whole number of at least 1, or 'sequence' (got '" + text + "')", e);
        }
    }

    /**
     * The layout length for a sequence.
     *
     * @param sequenceLength N, at least 1
     * @return the fixed length, or N
     */
    public int resolve(int sequenceLength) {
        return fixed == 0 ? sequenceLength : fixed;
    }

    /**
     * Whether bands are computed from the sequence at hand.
     *
     * @return true unless a length is fixed
     */
    public boolean isSequence() {
        return fixed == 0;
    }

    @Override
    public String toString() {
        return fixed == 0 ? "sequence" : Integer.toString(fixed);
    }
}
