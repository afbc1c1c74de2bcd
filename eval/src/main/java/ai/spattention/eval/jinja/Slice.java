package ai.spattention.eval.jinja;

import ai.spattention.common.InvalidInputException;
import java.math.BigInteger;

/** The bounds of a slice; each may be null. */
record Slice(BigInteger start, BigInteger stop, BigInteger step) {

    private static final BigInteger MINUS_ONE = BigInteger.ONE.negate();

    /** The indices that it takes of a sequence. */
    Range of(BigInteger length) {
        BigInteger by = step == null ? BigInteger.ONE : step;
        if (by.signum() == 0) {
            throw new InvalidInputException("the step of a slice cannot be 0");
        }
        BigInteger lowest = by.signum() > 0 ? BigInteger.ZERO : MINUS_ONE;
        BigInteger highest = by.signum() > 0 ? length : length.subtract(BigInteger.ONE);
        return new Range(bound(start, by.signum() > 0 ? lowest : highest, length, lowest, highest),
                bound(stop, by.signum() > 0 ? highest : lowest, length, lowest, highest), by);
    }

    private static BigInteger bound(BigInteger given, BigInteger otherwise, BigInteger length, BigInteger lowest,
            BigInteger highest) {
        if (given == null) {
            return otherwise;
        }
        BigInteger place = given.signum() < 0 ? given.add(length) : given;
        return place.max(lowest).min(highest);
    }
}
