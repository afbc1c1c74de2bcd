package ai.spattention.train.loop.periodic;

/**
 * How often something is done in a run.
 *
 * @param everySteps steps from one time to the next, at least 0; 0 for the last step only
 */
public record Interval(int everySteps) {

    /**
     * Whether a step is one after which it is done: those that the interval divides, counted from the run's first step whether or not
     * it was resumed, and the last.
     *
     * @param step the step that is done, from 1 on
     * @param isLast whether it is the run's last
     * @return true if it is
     */
    public boolean includes(long step, boolean isLast) {
        return isLast || everySteps > 0 && step % everySteps == 0;
    }

    /**
     * Whether it is still to be done after a step that is not the run's last.
     *
     * @param step the first step that counts, from 1 on
     * @param last the run's last step, which does not count
     * @return true if it is
     */
    public boolean comesBetween(long step, long last) {
        return everySteps > 0 && (step + everySteps - 1) / everySteps * everySteps < last;
    }
}
