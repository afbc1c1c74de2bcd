package ai.spattention.train.study.run;

import ai.djl.Device;
import ai.spattention.train.study.config.PlannedRun;
import ai.spattention.train.study.result.RunResult;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/** Does runs of a study. Used by one thread a device. */
public interface RunExecutor {

    /**
     * Does a run, or goes on with it.
     *
     * @param run the run
     * @param folder its folder, made already
     * @param device where to compute
     * @param stop asked now and then whether to leave it unfinished, so that another call goes on
     * @return the result, or empty if it was stopped
     * @throws IOException if reading or writing fails
     * @throws RuntimeException if the run fails, as one whose loss stays without a finite value
     */
    Optional<RunResult> run(PlannedRun run, Path folder, Device device, BooleanSupplier stop) throws IOException;

    /**
     * Measures what a step takes.
     *
     * @param run a run
     * @param scratch an empty folder
     * @param device where to compute
     * @param steps how many steps
     * @return seconds a step, and for all that is done once a run besides
     * @throws IOException if reading or writing fails
     */
    Pace time(PlannedRun run, Path scratch, Device device, int steps) throws IOException;

    /**
     * How long a run takes.
     *
     * @param secondsPerStep the median of its steps
     * @param secondsOnce for the model, its first steps and what is measured on the finished model
     */
    record Pace(double secondsPerStep, double secondsOnce) {

        /**
         * The whole run.
         *
         * @param steps its steps
         * @return seconds
         */
        public double seconds(long steps) {
            return secondsOnce + secondsPerStep * steps;
        }
    }
}
