package ai.spattention.pattern;

import ai.spattention.common.InvalidInputException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.LongUnaryOperator;

/**
 * What one head sees: query i sees key j when 0 &lt;= j &lt;= i and the distance d = i - j lies in one of the bands, or j is
 * one of the first {@code prefixKeys} keys, or d is one of the stride's distances, or j is in a block that i's block sees.
 *
 * <p>(A query among the first {@code prefixKeys} positions sees its whole past by this rule, since its keys are all
 * among them.)
 *
 * @param bands disjoint, ascending, non-empty bands; the constructor sorts and merges what it is given
 * @param prefixKeys the number of leading keys that every later query sees, at least 0
 * @param stride the strided distances, {@link Stride#NONE} for none
 * @param blocks what is seen by blocks of positions, whatever the distance, {@link KeyBlocks#NONE} for nothing
 */
public record HeadMask(List<Band> bands, int prefixKeys, Stride stride, KeyBlocks blocks) {

    /** Brings the bands into their normal form. */
    public HeadMask {
        if (prefixKeys < 0) {
            throw new InvalidInputException("prefixKeys must not be negative (got " + prefixKeys + ")");
        }
        bands = normalise(bands);
    }

    /**
     * A mask without blocks.
     *
     * @param bands the bands, in any order, overlapping or not
     * @param prefixKeys the number of leading keys that every later query sees, at least 0
     * @param stride the strided distances, {@link Stride#NONE} for none
     */
    public HeadMask(List<Band> bands, int prefixKeys, Stride stride) {
        this(bands, prefixKeys, stride, KeyBlocks.NONE);
    }

    /**
     * A mask of distance bands alone.
     *
     * @param bands the bands, in any order, overlapping or not
     * @return the mask
     */
    public static HeadMask ofBands(Band... bands) {
        return new HeadMask(List.of(bands), 0, Stride.NONE);
    }

    private static List<Band> normalise(List<Band> bands) {
        List<Band> sorted = new ArrayList<>(bands);
        sorted.removeIf(Band::isEmpty);
        sorted.sort(Comparator.comparingInt(Band::minDistance));
        List<Band> merged = new ArrayList<>();
        for (Band band : sorted) {
            Band last = merged.isEmpty() ? null : merged.get(merged.size() - 1);
            if (last != null && band.minDistance() <= last.maxDistance()) {
                merged.set(merged.size() - 1,
                        new Band(last.minDistance(), Math.max(last.maxDistance(), band.maxDistance())));
            } else {
                merged.add(band);
            }
        }
        return List.copyOf(merged);
    }

    /**
     * Whether a query sees a key.
     *
     * @param query the query's position i
     * @param key the key's position j
     * @return whether the pair is allowed
     */
    public boolean sees(int query, int key) {
        return key >= 0 && key <= query && (key < prefixKeys || seesDistance(query - key) || blocks.sees(query, key));
    }

    /**
     * Whether the head sees keys at a distance wherever they stand.
     *
     * @param distance the distance d, at least 0
     * @return whether a band or the stride holds it
     */
    public boolean seesDistance(int distance) {
        return inBands(distance) || stride.contains(distance);
    }

    /**
     * Whether one of the bands holds a distance.
     *
     * @param distance the distance d, at least 0
     * @return whether d lies in a band, the stride left aside
     */
    public boolean inBands(int distance) {
        for (Band band : bands) {
            if (band.contains(distance)) {
                return true;
            }
        }
        return false;
    }

    /**
     * How many distances the head sees wherever the keys stand.
     *
     * @param limit one more than the largest distance to count
     * @return the number of distances d with 0 &lt;= d &lt; limit that a band or the stride holds
     */
    public int seenDistances(int limit) {
        long seen = 0;
        for (Band band : bands) {
            seen += Progression.ALL.count(band, limit);
        }
        int end = Math.min(limit, stride.maxDistance());
        for (int residue : stride.residues()) {
            Progression strided = new Progression(residue, stride.period());
            seen += strided.count(end);
            for (Band band : bands) {
                seen -= strided.count(band, end);
            }
        }
        return (int) seen;
    }

    /**
     * The exact number of allowed pairs in a sequence.
     *
     * @param length N
     * @return the number of pairs (i, j) with 0 &lt;= j &lt;= i &lt; N that the head sees
     */
    public long allowedPairs(int length) {
        return length < 1 ? 0 : allowedPairs(0, length, 0, length);
    }

    /**
     * The exact number of allowed pairs in a tile, in a time that does not grow with its size, or with blocks only with their number.
     *
     * @param queryStart the first query of the tile
     * @param queryEnd one past its last query, greater than {@code queryStart}
     * @param keyStart the first key of the tile, at least 0
     * @param keyEnd one past its last key, greater than {@code keyStart}
     * @return the number of pairs (i, j) of the tile that the head sees
     */
    public long allowedPairs(int queryStart, int queryEnd, int keyStart, int keyEnd) {
        if (queryStart >= queryEnd || keyStart >= keyEnd || keyStart < 0) {
            throw new InvalidInputException("a tile needs queries and keys (got queries [" + queryStart + ", "
                    + queryEnd + "), keys [" + keyStart + ", " + keyEnd + "))");
        }
        return pairsByRule(queryStart, queryEnd, keyStart, keyEnd)
                + (blocks.isEmpty() ? 0 : furtherPairsOfBlocks(queryStart, queryEnd, keyStart, keyEnd));
    }

    /** The pairs in a tile that bands, stride or prefix hold. */
    private long pairsByRule(int queryStart, int queryEnd, int keyStart, int keyEnd) {
        int beyondPrefix = Math.min(Math.max(keyStart, prefixKeys), keyEnd); // keys before it are seen by whatever follows them
        return pairsOfPast(queryStart, queryEnd, keyStart, beyondPrefix)
                + tile(this::pairsByDistance, queryStart, queryEnd, beyondPrefix, keyEnd);
    }

    /** The pairs in a tile that blocks alone hold. */
    private long furtherPairsOfBlocks(int queryStart, int queryEnd, int keyStart, int keyEnd) {
        int size = blocks.size();
        long pairs = 0;
        for (int queryBlock = queryStart / size; queryBlock <= (queryEnd - 1) / size; queryBlock++) {
            int firstQuery = Math.max(queryStart, queryBlock * size);
            int endOfQueries = (int) Math.min(queryEnd, (queryBlock + 1L) * size);
            for (int keyBlock : blocks.of(queryBlock)) {
                int firstKey = Math.max(keyStart, keyBlock * size);
                int endOfKeys = (int) Math.min(keyEnd, (keyBlock + 1L) * size);
                if (firstKey < endOfKeys) {
                    pairs += pairsOfPast(firstQuery, endOfQueries, firstKey, endOfKeys)
                            - pairsByRule(firstQuery, endOfQueries, firstKey, endOfKeys);
                }
            }
        }
        return pairs;
    }

    private static long pairsOfPast(int queryStart, int queryEnd, int keyStart, int keyEnd) {
        return tile(length -> Progression.ALL.sum(length, length), queryStart, queryEnd, keyStart, keyEnd);
    }

    /**
     * The pairs in a tile by those in whole sequences: with f(N) pairs at distances 0 to N - 1, a tile's four corners lie at the
     * ends of four sequences.
     */
    private static long tile(LongUnaryOperator pairs, long queryStart, long queryEnd, long keyStart, long keyEnd) {
        LongUnaryOperator ofLength = length -> length <= 0 ? 0 : pairs.applyAsLong(length);
        return ofLength.applyAsLong(queryEnd - keyStart) - ofLength.applyAsLong(queryStart - keyStart)
                - ofLength.applyAsLong(queryEnd - keyEnd) + ofLength.applyAsLong(queryStart - keyEnd);
    }

    /** The pairs of a sequence whose distance a band or the stride holds: length - d at each such distance d. */
    private long pairsByDistance(long length) {
        long pairs = 0;
        for (Band band : bands) {
            pairs += Progression.ALL.sum(band, length, length);
        }
        long end = Math.min(length, stride.maxDistance());
        for (int residue : stride.residues()) {
            Progression strided = new Progression(residue, stride.period());
            pairs += strided.sum(end, length);
            for (Band band : bands) {
                pairs -= strided.sum(band, end, length);
            }
        }
        return pairs;
    }

    /**
     * How much of a tile the head sees, exactly.
     *
     * @param queryStart the first query of the tile
     * @param queryEnd one past its last query, greater than {@code queryStart}
     * @param keyStart the first key of the tile, at least 0
     * @param keyEnd one past its last key, greater than {@code keyStart}
     * @return whether no, every or some pair is allowed
     */
    public TileKind tile(int queryStart, int queryEnd, int keyStart, int keyEnd) {
        long seen = allowedPairs(queryStart, queryEnd, keyStart, keyEnd);
        if (seen == 0) {
            return TileKind.EMPTY;
        }
        return seen == ((long) queryEnd - queryStart) * (keyEnd - keyStart) ? TileKind.FULL : TileKind.PARTIAL;
    }
}
