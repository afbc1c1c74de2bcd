package ai.spattention.train.loop.periodic;

/**
 * How far a run is.
 *
 * @param step the optimizer steps done, skipped ones included
 * @param tokens the tokens learned from
 * @param elapsedSeconds the time spent so far, interruptions left out
 */
public record RunProgress(long step, long tokens, double elapsedSeconds) {

    /** Before the first step. */
    public static final RunProgress NONE = new RunProgress(0, 0, 0);

    /**
     * One step further.
     *
     * @param stepTokens the step's tokens
     * @param seconds the time that it took
     * @return the progress after it
     */
    public RunProgress plusStep(long stepTokens, double seconds) {
        return new RunProgress(step + 1, tokens + stepTokens, elapsedSeconds + seconds);
    }

    /**
     * Some time later.
     *
     * @param seconds the time that something else than a step took
     * @return the progress after it
     */
    public RunProgress plusSeconds(double seconds) {
        return new RunProgress(step, tokens, elapsedSeconds + seconds);
    }
}
