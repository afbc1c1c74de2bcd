package ai.spattention.train.data;

import ai.spattention.common.InvalidInputException;
import java.util.List;

/**
 * Cuts a list of files into units, each of which is prepared by itself. The list, its sizes and the seed decide alone, so that any number
 * of workers, here or on a cluster, writes the same shards. Files come to units in an order drawn by the seed, for those with similar names
 * are often of one kind.
 */
public final class UnitCut {

    /** The most bytes of a unit, unless told otherwise: about one shard of plain text. */
    public static final long DEFAULT_BYTES = 1L << 30;

    private UnitCut() {}

    /**
     * Says to which unit each file belongs.
     *
     * @param sizes bytes of each file, in the order of the files' names
     * @param seed of the order of the files
     * @param unitBytes the most bytes of a unit, at least 1; a larger file is a unit of its own
     * @return the number of each file's unit, from 0 on
     * @throws InvalidInputException if {@code unitBytes} is less than 1
     */
    public static int[] cut(List<Long> sizes, long seed, long unitBytes) {
        if (unitBytes < 1) {
            throw new InvalidInputException("--unit-bytes must be at least 1 (got " + unitBytes + ")");
        }
        SequenceOrder order = new SequenceOrder(sizes.size(), seed, 0);
        int[] units = new int[sizes.size()];
        int unit = 0;
        long bytes = 0;
        for (int i = 0; i < units.length; i++) {
            int file = (int) order.at(i);
            long size = sizes.get(file);
            if (i > 0 && size > unitBytes - bytes) {
                unit++;
                bytes = 0;
            }
            units[file] = unit;
            bytes += size;
        }
        return units;
    }
}
