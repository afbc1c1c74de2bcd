package ai.spattention.eval.probe;

/** Is shown windows with their losses. */
@FunctionalInterface
interface WindowProbe {

    /**
     * Adds a window.
     *
     * @param window its tokens
     * @param losses its N losses in nats
     */
    void add(TokenWindow window, float[] losses);
}
