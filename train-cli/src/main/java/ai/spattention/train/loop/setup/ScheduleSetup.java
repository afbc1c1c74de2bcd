package ai.spattention.train.loop.setup;

import ai.spattention.train.config.RunConfig;
import ai.spattention.train.config.ScheduleConfig;
import ai.spattention.train.optim.Schedule;

/** The learning-rate schedule that a run's configuration describes. */
public final class ScheduleSetup {

    private ScheduleSetup() {}

    /**
     * The schedule.
     *
     * @param run the run's configuration
     * @return the schedule, which ends at the run's last step
     */
    public static Schedule schedule(RunConfig run) {
        ScheduleConfig config = run.schedule();
        double peak = run.optimizer().peakLr();
        int warmup = config.warmupSteps();
        int total = run.training().steps();
        return switch (config.type()) {
            case WARMUP_COSINE -> Schedule.warmupCosine(peak, warmup, total, config.minLrRatio());
            case LINEAR -> Schedule.linear(peak, warmup, total, config.minLrRatio());
            case WSD -> Schedule.warmupStableDecay(peak, warmup, config.decaySteps(), total, config.minLrRatio());
            case CONSTANT -> Schedule.constant(peak, warmup);
        };
    }
}
