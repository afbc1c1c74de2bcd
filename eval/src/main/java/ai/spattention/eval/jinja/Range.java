package ai.spattention.eval.jinja;

import java.math.BigInteger;

/** Python's {@code range}, of any size. */
record Range(BigInteger start, BigInteger stop, BigInteger step) {

    BigInteger length() {
        BigInteger span = step.signum() > 0 ? stop.subtract(start) : start.subtract(stop);
        return span.signum() <= 0 ? BigInteger.ZERO
                : span.subtract(BigInteger.ONE).divide(step.abs()).add(BigInteger.ONE);
    }

    BigInteger at(BigInteger index) {
        return start.add(step.multiply(index));
    }

    boolean has(BigInteger value) {
        BigInteger distance = value.subtract(start);
        return distance.mod(step.abs()).signum() == 0 && distance.signum() * step.signum() >= 0
                && distance.divide(step).compareTo(length()) < 0;
    }
}
