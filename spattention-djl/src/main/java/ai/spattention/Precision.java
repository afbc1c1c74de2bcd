package ai.spattention;

/**
 * The type in which a model multiplies matrices and keeps activations. Parameters stay float32, and so do statistics of
 * softmax and normalisation, the router, the loss and the optimizer.
 */
public enum Precision {
    /** Everything in the type of the parameters and inputs, float32 as a rule. */
    FLOAT32("float32"),
    /** Matrix products, attention and activations in bfloat16; needs a processor, or a GPU of compute capability 8.0 or newer. */
    BFLOAT16("bfloat16");

    private final String key;

    Precision(String key) {
        this.key = key;
    }

    /**
     * The name by which configurations and reports know the precision.
     *
     * @return a short lower-case name
     */
    public String key() {
        return key;
    }
}
