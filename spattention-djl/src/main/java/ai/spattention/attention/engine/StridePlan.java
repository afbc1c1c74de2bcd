package ai.spattention.attention.engine;

import ai.spattention.common.InvalidInputException;
import ai.spattention.pattern.HeadMask;
import ai.spattention.pattern.Stride;
import java.util.ArrayList;
import java.util.List;

/**
 * Which pairs at strided distances a head sees, with positions sorted by residue: position c + P · a (P the period) is row a
 * of class c. A query of class c finds the keys at distances of residue r in class (c - r) mod P. A stride that ends is left to
 * {@link TilePlan}.
 *
 * @param period P
 * @param residues the residues of the distances
 * @param rows the number of rows of a class, ⌈M / P⌉
 * @param masks for each residue, P × rows × rows bytes by class, query row and key row: 1 where the pair is seen and
 *     neither a band nor the prefix holds it already
 */
record StridePlan(int period, List<Integer> residues, int rows, List<byte[]> masks) {

    static StridePlan of(HeadMask mask, int keyLength) {
        Stride stride = of(mask);
        int period = stride.period();
        int rows = (keyLength - 1) / period + 1;
        List<byte[]> masks = new ArrayList<>();
        for (int residue : stride.residues()) {
            byte[] seen = new byte[maskSize(period, rows, keyLength)];
            for (int at = 0, queryClass = 0; queryClass < period; queryClass++) {
                int keyClass = Math.floorMod(queryClass - residue, period);
                for (int queryRow = 0; queryRow < rows; queryRow++) {
                    for (int keyRow = 0; keyRow < rows; keyRow++, at++) {
                        int key = keyClass + period * keyRow;
                        int distance = queryClass + period * queryRow - key;
                        seen[at] = (byte) (distance >= 0 && key >= mask.prefixKeys() && !mask.inBands(distance) ? 1 : 0);
                    }
                }
            }
            masks.add(seen);
        }
        return new StridePlan(period, stride.residues(), rows, List.copyOf(masks));
    }

    /** The strided distances of a head that tiles cannot reach. */
    static Stride of(HeadMask mask) {
        return mask.stride().isBounded() ? Stride.NONE : mask.stride();
    }

    private static int maskSize(int period, int rows, int keyLength) {
        if ((long) rows * rows > Integer.MAX_VALUE / period) {
            throw new InvalidInputException("strided distances of period " + period + " need a mask of " + period + " x " + rows
                    + " x " + rows + " bytes at " + keyLength + " positions, more than an array holds: use a larger layout"
                    + " length or a shorter sequence");
        }
        return period * rows * rows;
    }
}
