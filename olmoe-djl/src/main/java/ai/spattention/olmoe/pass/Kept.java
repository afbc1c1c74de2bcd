package ai.spattention.olmoe.pass;

/** What a pass keeps of a layer for its backward phase; the rest is computed again. More memory, less work first. */
public enum Kept {

    /** Everything that the backward phase reads, but the experts' gathered and gated rows. */
    ALL,

    /**
     * All but what costs little to compute again for the memory that it takes: normalised rows, turned queries and keys, and the residual
     * stream within the layer, which is one product. A fiftieth more work.
     */
    PRODUCTS,

    /** Each layer's input alone: a third more work. */
    INPUTS
}
