package ai.spattention.train.draw;

import ai.spattention.pattern.HeadMask;

/** A mask reduced to few cells: the exact share of a cell's pairs that the head sees. */
public final class Coverage {

    private Coverage() {}

    /**
     * Reduces a mask. What is seen is counted distance by distance once, so that a cell costs one subtraction a query.
     *
     * @param mask what the head sees
     * @param length N
     * @param cells the number of cells along each side, 1 to N
     * @return [query cell][key cell], each in [0, 1]
     */
    public static double[][] of(HeadMask mask, int length, int cells) {
        int[] seenBelow = new int[length + 1]; // how many of the distances 0 to d - 1 the head sees
        for (int distance = 0; distance < length; distance++) {
            seenBelow[distance + 1] = seenBelow[distance] + (mask.seesDistance(distance) ? 1 : 0);
        }
        long[][] seen = new long[cells][cells];
        for (int query = 0; query < length; query++) {
            long[] into = seen[(int) ((long) query * cells / length)];
            for (int cell = 0; cell < cells; cell++) {
                int first = start(cell, length, cells);
                int end = Math.min(start(cell + 1, length, cells), query + 1);
                int banded = Math.max(first, Math.min(mask.prefixKeys(), end)); // keys before it are seen from everywhere
                if (banded < end) {
                    into[cell] += seenBelow[query - banded + 1] - seenBelow[query - end + 1];
                }
                into[cell] += Math.max(0, Math.min(banded, end) - first);
            }
        }
        double[][] share = new double[cells][cells];
        for (int i = 0; i < cells; i++) {
            for (int j = 0; j < cells; j++) {
                share[i][j] = seen[i][j] / (double) (size(i, length, cells) * size(j, length, cells));
            }
        }
        return share;
    }

    /** How many positions fall into a cell. */
    private static long size(int cell, int length, int cells) {
        return start(cell + 1, length, cells) - start(cell, length, cells);
    }

    /** The first position that falls into a cell. */
    private static int start(int cell, int length, int cells) {
        return (int) (((long) cell * length + cells - 1) / cells);
    }
}
