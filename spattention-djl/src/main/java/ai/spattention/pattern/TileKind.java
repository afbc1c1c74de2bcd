package ai.spattention.pattern;

/** How much of a tile of queries × keys a head sees. */
public enum TileKind {
    /** No pair of the tile is seen: the tile need not be computed. */
    EMPTY,
    /** Some pairs are seen, others not: the tile needs a mask. */
    PARTIAL,
    /** Every pair is seen: the tile needs no mask. */
    FULL
}
