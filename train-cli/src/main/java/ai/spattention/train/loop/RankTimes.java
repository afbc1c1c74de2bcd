package ai.spattention.train.loop;

import ai.spattention.train.distributed.Collectives;
import ai.spattention.train.metrics.StepMetrics;
import java.util.Arrays;

/**
 * How long each process computed a step's passes, before they wait for each other.
 *
 * @param slowest the longest time, in seconds
 * @param median the middle one of an odd number, else the mean of the two in the middle
 */
record RankTimes(double slowest, double median) {

    /** Puts the times together; all processes call it with their own. */
    static RankTimes of(Collectives collectives, double seconds) {
        double[] times = collectives.ofEachRank(seconds);
        Arrays.sort(times);
        return new RankTimes(times[times.length - 1], (times[(times.length - 1) / 2] + times[times.length / 2]) / 2);
    }

    void addTo(StepMetrics.Builder metrics) {
        metrics.optStepSeconds(slowest, median);
    }
}
