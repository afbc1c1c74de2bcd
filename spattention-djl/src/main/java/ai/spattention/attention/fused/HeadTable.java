package ai.spattention.attention.fused;

import ai.spattention.pattern.Band;
import ai.spattention.pattern.HeadMask;
import java.util.List;
import java.util.Optional;

/**
 * What the heads see, as the fused kernel reads it: eight numbers a head, two ranges of distances with both ends included
 * (nearA, farA, nearB, farB), the prefix, the stride's period and its first multiple that no range holds, and a 0.
 *
 * @param rows 8 · H numbers
 * @param general whether any head has a prefix or a stride, for which there is another variant of the kernel
 */
public record HeadTable(int[] rows, boolean general) {

    /** The numbers of a head. */
    public static final int COLUMNS = 8;

    /** No distance lies in [NOWHERE, -NOWHERE]; sums with positions below 2^29 stay within an int. */
    static final int NOWHERE = 1 << 29;

    static final int MOST_POSITIONS = NOWHERE;

    private static final int MOST_RANGES = 2;

    /** Why the kernel cannot compute these masks; empty if it can. */
    static Optional<String> unfit(List<HeadMask> masks, int keyLength) {
        if (keyLength >= MOST_POSITIONS) {
            return Optional.of("the sequence has " + keyLength + " positions (it takes fewer than " + MOST_POSITIONS + ")");
        }
        for (HeadMask mask : masks) {
            if (ranges(mask, keyLength).size() > MOST_RANGES) {
                return Optional.of("a head has " + ranges(mask, keyLength).size() + " ranges of distances (it takes " + MOST_RANGES + ")");
            }
            if (!mask.blocks().isEmpty()) {
                return Optional.of("a head sees blocks of keys at no fixed distances");
            }
            if (!mask.stride().isEmpty() && !mask.stride().residues().equals(List.of(0))) {
                return Optional.of("a head sees strided distances other than the multiples of one number");
            }
            if (!mask.stride().isEmpty() && mask.stride().maxDistance() < keyLength) {
                return Optional.of("a head sees strided distances that end (a dilated window)");
            }
        }
        return Optional.empty();
    }

    /**
     * The table for masks that fit ({@link BandedAttention#unsupported}).
     *
     * @param masks one mask a head
     * @param keyLength M
     * @return the table
     */
    public static HeadTable of(List<HeadMask> masks, int keyLength) {
        int[] rows = new int[COLUMNS * masks.size()];
        boolean general = false;
        for (int head = 0; head < masks.size(); head++) {
            HeadMask mask = masks.get(head);
            List<Band> ranges = ranges(mask, keyLength);
            int at = COLUMNS * head;
            for (int i = 0; i < MOST_RANGES; i++) {
                boolean exists = i < ranges.size();
                rows[at++] = exists ? ranges.get(i).minDistance() : NOWHERE;
                rows[at++] = exists ? Math.min(ranges.get(i).maxDistance(), keyLength) - 1 : -NOWHERE;
            }
            boolean strided = !mask.stride().isEmpty();
            rows[at++] = Math.min(mask.prefixKeys(), keyLength);
            rows[at++] = strided ? mask.stride().period() : 1;
            rows[at] = strided ? firstMultiple(mask, keyLength) : NOWHERE;
            general |= strided || mask.prefixKeys() > 0;
        }
        return new HeadTable(rows, general);
    }

    /**
     * What decides which code computes the table.
     *
     * @param queryLength N, the last positions
     * @param keyLength M, of so many
     * @return what the queries see
     */
    public HeadReach reach(int queryLength, int keyLength) {
        long pairs = 0;
        long count = 0;
        boolean lone = queryLength == keyLength;
        for (int head = 0; head < rows.length; head += COLUMNS) {
            lone &= rows[head + 2] > rows[head + 3];
            for (int range = head; range < head + 2 * MOST_RANGES; range += 2) {
                if (rows[range] <= rows[range + 1]) {
                    pairs += pairs(rows[range], rows[range + 1], keyLength) - pairs(rows[range], rows[range + 1], keyLength - queryLength);
                    count += queryLength;
                }
            }
        }
        return new HeadReach(general, lone, count == 0 ? 0 : (double) pairs / count);
    }

    /** The pairs of a range, both ends included, among the first positions. */
    private static long pairs(int near, int far, int positions) {
        long width = far - near + 1L;
        long seeing = Math.max(0, positions - near);
        long growing = Math.min(seeing, width); // queries that see one key more than the one before
        return growing * (growing + 1) / 2 + (seeing - growing) * width;
    }

    private static List<Band> ranges(HeadMask mask, int keyLength) {
        return mask.bands().stream().filter(band -> band.minDistance() < keyLength).toList();
    }

    private static int firstMultiple(HeadMask mask, int keyLength) {
        int period = mask.stride().period();
        int multiple = 0;
        while ((long) multiple * period < keyLength && mask.inBands(multiple * period)) {
            multiple++;
        }
        return multiple;
    }
}
