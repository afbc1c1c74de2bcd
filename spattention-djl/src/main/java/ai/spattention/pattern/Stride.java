package ai.spattention.pattern;

import ai.spattention.common.InvalidInputException;
import java.util.List;

/**
 * The distances d below {@code maxDistance} with {@code d mod period} in {@code residues}.
 *
 * @param period the period, at least 1
 * @param residues the residues, each in [0, period), ascending and without repeats
 * @param maxDistance one more than the largest distance that may be one of the stride's, at least 0; {@link #UNBOUNDED} for all
 */
public record Stride(int period, List<Integer> residues, int maxDistance) {

    /** No distance is as large. */
    public static final int UNBOUNDED = Integer.MAX_VALUE;

    /** No strided distances. */
    public static final Stride NONE = new Stride(1, List.of());

    /** Checks the residues and copies them. */
    public Stride {
        if (period < 1) {
            throw new InvalidInputException("a stride's period must be at least 1 (got " + period + ")");
        }
        if (maxDistance < 0) {
            throw new InvalidInputException("a stride's maxDistance must not be negative (got " + maxDistance + ")");
        }
        residues = List.copyOf(residues);
        int previous = -1;
        for (int residue : residues) {
            if (residue <= previous || residue >= period) {
                throw new InvalidInputException("a stride's residues must ascend within [0, " + period + ") (got "
                        + residues + ")");
            }
            previous = residue;
        }
    }

    /**
     * A stride without an end.
     *
     * @param period the period, at least 1
     * @param residues the residues, each in [0, period), ascending and without repeats
     */
    public Stride(int period, List<Integer> residues) {
        this(period, residues, UNBOUNDED);
    }

    /**
     * Whether a distance is one of the stride's.
     *
     * @param distance the distance d, at least 0
     * @return whether d is below the bound and d mod period among the residues
     */
    public boolean contains(int distance) {
        return distance < maxDistance && !residues.isEmpty() && residues.contains(distance % period);
    }

    /**
     * Whether the stride holds no distance.
     *
     * @return true if there are no residues below the bound
     */
    public boolean isEmpty() {
        return residues.isEmpty() || residues.get(0) >= maxDistance;
    }

    /**
     * Whether the stride ends.
     *
     * @return true if it has a bound
     */
    public boolean isBounded() {
        return maxDistance < UNBOUNDED;
    }
}
