package ai.spattention.train.loop.periodic;

import ai.spattention.olmoe.io.Resources;
import ai.spattention.train.metrics.StepMetrics;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** Several things that a run does after its steps, as one: those that are due act in the order in which they were added. */
public final class BetweenSteps implements Periodic {

    private final List<Periodic> all = new ArrayList<>();

    /**
     * Adds something and takes it over: closing this closes it.
     *
     * @param periodic what is to be done
     * @param <T> its class
     * @return the same
     */
    public <T extends Periodic> T add(T periodic) {
        all.add(periodic);
        return periodic;
    }

    @Override
    public boolean isDue(long step, boolean isLast) {
        return all.stream().anyMatch(periodic -> periodic.isDue(step, isLast));
    }

    @Override
    public void act(StepEnd end, StepMetrics.Builder metrics) throws IOException {
        for (Periodic periodic : all) {
            if (periodic.isDue(end.step(), end.isLast())) {
                periodic.act(end, metrics);
            }
        }
    }

    /**
     * Closes everything, the last first, each one even if closing another fails.
     *
     * @throws IOException if closing something failed; what failed after it is added as suppressed
     */
    @Override
    public void close() throws IOException {
        Resources.closeAll(all);
    }
}
