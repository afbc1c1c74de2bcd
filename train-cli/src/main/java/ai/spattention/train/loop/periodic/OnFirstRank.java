package ai.spattention.train.loop.periodic;

import ai.spattention.train.metrics.StepMetrics;
import java.io.IOException;

/** Something that the first of several processes does alone, while the others wait: what it measures only it writes. */
public final class OnFirstRank implements Periodic {

    private final Periodic periodic;
    private final FirstRank first;

    /**
     * Wraps what one process does.
     *
     * @param periodic what is to be done; closing this closes it
     * @param first lets it be done
     */
    public OnFirstRank(Periodic periodic, FirstRank first) {
        this.periodic = periodic;
        this.first = first;
    }

    @Override
    public boolean isDue(long step, boolean isLast) {
        return periodic.isDue(step, isLast);
    }

    @Override
    public void act(StepEnd end, StepMetrics.Builder metrics) throws IOException {
        first.run(end.stop(), stop -> periodic.act(new StepEnd(end.progress(), end.isLast(), end.model(), end.manager(), stop), metrics));
    }

    @Override
    public void close() throws IOException {
        periodic.close();
    }
}
