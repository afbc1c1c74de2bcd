package ai.spattention.train.study.run;

import ai.spattention.train.study.config.PlannedRun;
import ai.spattention.train.study.result.RunResult;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/** Does runs of a study on one device, one after the other. */
public interface RunExecutor {

    /**
     * Does a run, or goes on with it. With its result in its folder ({@link RunResult#FILE_NAME}) it is finished.
     *
     * @param run the run
     * @param folder its folder, made already ({@link StudyFolder#begin})
     * @param stop asked now and then whether to leave it unfinished, so that another call goes on
     * @return the result, or empty if it was stopped
     * @throws IOException if reading or writing fails
     * @throws ai.spattention.common.InvalidInputException if the folder or the data do not allow it, nor any other run
     * @throws WorkerLostException if the run fails, and nothing more can be done on this device
     * @throws RuntimeException if the run fails, as one whose loss stays without a finite value
     */
    Optional<RunResult> run(PlannedRun run, Path folder, BooleanSupplier stop) throws IOException;
}
