package ai.spattention.train.mask;

import ai.spattention.pattern.HeadMask;

/** A mask reduced to few cells: the exact share of a cell's pairs that the head sees. */
public final class Coverage {

    private Coverage() {}

    /**
     * Reduces a mask.
     *
     * @param mask what the head sees
     * @param length N
     * @param cells the number of cells along each side, 1 to N
     * @return [query cell][key cell], each in [0, 1]
     */
    public static double[][] of(HeadMask mask, int length, int cells) {
        double[][] share = new double[cells][cells];
        for (int i = 0; i < cells; i++) {
            for (int j = 0; j <= i; j++) {
                share[i][j] = mask.allowedPairs(start(i, length, cells), start(i + 1, length, cells),
                        start(j, length, cells), start(j + 1, length, cells))
                        / ((double) size(i, length, cells) * size(j, length, cells));
            }
        }
        return share;
    }

    /** How many positions fall into a cell. */
    private static int size(int cell, int length, int cells) {
        return start(cell + 1, length, cells) - start(cell, length, cells);
    }

    /** The first position that falls into a cell. */
    private static int start(int cell, int length, int cells) {
        return (int) (((long) cell * length + cells - 1) / cells);
    }
}
