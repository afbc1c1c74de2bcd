package ai.spattention.pattern;

import ai.spattention.common.InvalidInputException;

/**
 * A half-open range of distances {@code [minDistance, maxDistance)} between a query and the keys it sees.
 *
 * @param minDistance the smallest distance of the band, at least 0
 * @param maxDistance one more than the largest distance; equal to {@code minDistance} for an empty band
 */
public record Band(int minDistance, int maxDistance) {

    /** Checks the bounds. */
    public Band {
        if (minDistance < 0 || maxDistance < minDistance) {
            throw new InvalidInputException("a band needs 0 <= minDistance <= maxDistance (got ["
                    + minDistance + ", " + maxDistance + "))");
        }
    }

    /**
     * The band that the published partition gives to a head: with base = L div H and extra = L mod H, its width is
     * base + (1 if h &lt; extra) and its start h · base + min(h, extra), so that the H bands partition [0, L)
     * (arXiv 2511.09596, section 3).
     *
     * @param head h, from 0 to numHeads - 1
     * @param numHeads H, at least 1
     * @param layoutLength L, at least 1
     * @return the head's band, empty where L &lt; H leaves nothing for it
     * @throws InvalidInputException if a value is out of range
     */
    public static Band ofHead(int head, int numHeads, int layoutLength) {
        Require.headAndLayout(head, numHeads, layoutLength);
        int base = layoutLength / numHeads;
        int extra = layoutLength % numHeads;
        int start = head * base + Math.min(head, extra);
        return new Band(start, start + base + (head < extra ? 1 : 0));
    }

    /**
     * The number of distances in the band.
     *
     * @return maxDistance - minDistance
     */
    public int width() {
        return maxDistance - minDistance;
    }

    /**
     * Whether the band holds no distance.
     *
     * @return true for an empty band
     */
    public boolean isEmpty() {
        return minDistance == maxDistance;
    }

    /**
     * Whether a distance lies in the band.
     *
     * @param distance the distance d
     * @return minDistance &lt;= d &lt; maxDistance
     */
    public boolean contains(int distance) {
        return minDistance <= distance && distance < maxDistance;
    }
}
