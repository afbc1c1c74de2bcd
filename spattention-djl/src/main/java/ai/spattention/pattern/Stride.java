package ai.spattention.pattern;

import ai.spattention.InvalidInputException;
import java.util.List;

/**
 * The distances d with {@code d mod period} in {@code residues}.
 *
 * @param period the period, at least 1
 * @param residues the residues, each in [0, period), ascending and without repeats
 */
public record Stride(int period, List<Integer> residues) {

    /** No strided distances. */
    public static final Stride NONE = new Stride(1, List.of());

    /** Checks the residues and copies them. */
    public Stride {
        if (period < 1) {
            throw new InvalidInputException("a stride's period must be at least 1 (got " + period + ")");
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
     * Whether a distance is one of the stride's.
     *
     * @param distance the distance d, at least 0
     * @return whether d mod period is among the residues
     */
    public boolean contains(int distance) {
        return !residues.isEmpty() && residues.contains(distance % period);
    }

    /**
     * Whether the stride holds no distance.
     *
     * @return true if there are no residues
     */
    public boolean isEmpty() {
        return residues.isEmpty();
    }
}
