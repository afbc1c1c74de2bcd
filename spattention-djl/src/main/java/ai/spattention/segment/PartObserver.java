package ai.spattention.segment;

/** Is told when parts run, forward and backward. */
public interface PartObserver {

    /** An observer that does nothing. */
    PartObserver NONE = new PartObserver() {
        @Override
        public void begin(String part) {}

        @Override
        public void end(String part) {}
    };

    /**
     * Called before a part runs.
     *
     * @param part its name
     */
    void begin(String part);

    /**
     * Called after a part ran.
     *
     * @param part its name
     */
    void end(String part);
}
