package ai.spattention.train.draw;

import ai.spattention.pattern.HeadMask;
import ai.spattention.pattern.MaskRow;

/** A mask reduced to few cells: the exact share of a cell's pairs that the head sees. */
final class Coverage {

    private Coverage() {}

    /**
     * Reduces a mask.
     *
     * @param mask what the head sees
     * @param length N
     * @param cells the number of cells along each side, at most N
     * @return [query cell][key cell], each in [0, 1]
     */
    static double[][] of(HeadMask mask, int length, int cells) {
        long[][] seen = new long[cells][cells];
        byte[] row = new byte[length];
        for (int query = 0; query < length; query++) {
            MaskRow.fill(mask, query, row);
            long[] into = seen[(int) ((long) query * cells / length)];
            for (int key = 0; key <= query; key++) {
                into[(int) ((long) key * cells / length)] += row[key];
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
        return ceilDiv((long) (cell + 1) * length, cells) - ceilDiv((long) cell * length, cells);
    }

    private static long ceilDiv(long a, long b) {
        return (a + b - 1) / b;
    }
}
