package ai.spattention.olmoe.pass;

/** What a pass keeps of a layer for its backward phase; the rest is computed again. More memory, less work first. */
public enum Kept {

    /**
     * Everything that the backward phase reads, but what it comes by at next to no cost: sums and normalised rows, and the experts' gathered
     * and gated rows.
     */
    ALL,

    /** All of that but turned queries and keys, which are turned again: less than a hundredth more work. */
    UNTURNED,

    /** Each layer's input alone: a third more work. */
    INPUTS
}
