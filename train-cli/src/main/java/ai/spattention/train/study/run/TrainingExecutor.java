package ai.spattention.train.study.run;

import ai.djl.Device;
import ai.spattention.eval.probe.ProbeResult;
import ai.spattention.olmoe.config.OlmoeConfig;
import ai.spattention.olmoe.io.FolderLock;
import ai.spattention.olmoe.io.OwnFiles;
import ai.spattention.train.config.RunConfig;
import ai.spattention.train.data.PreparedData;
import ai.spattention.train.loop.TrainedModel;
import ai.spattention.train.loop.TrainingFailedException;
import ai.spattention.train.loop.TrainingRun;
import ai.spattention.train.loop.observer.RunObserver;
import ai.spattention.train.loop.observer.RunObservers;
import ai.spattention.train.loop.observer.RunRecorder;
import ai.spattention.train.machine.GpuName;
import ai.spattention.train.metrics.MetricsReader;
import ai.spattention.train.metrics.StepMetrics;
import ai.spattention.train.study.config.PlannedRun;
import ai.spattention.train.study.result.CurvePoint;
import ai.spattention.train.study.result.ResultFiles;
import ai.spattention.train.study.result.RunResult;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/**
 * Trains the models of a study and probes them, in this process. A run's folder gets metrics.jsonl, result.json and, until it is finished,
 * checkpoints to go on from; the models themselves are not kept.
 */
public final class TrainingExecutor implements RunExecutor {

    private static final String METRICS = "metrics.jsonl";
    private static final int MOST_POINTS = 60;

    private final PreparedData data;
    private final Device device;

    /**
     * Creates an executor.
     *
     * @param data what the models learn from and are measured on, verified
     * @param device where to compute
     */
    public TrainingExecutor(PreparedData data, Device device) {
        this.data = data;
        this.device = device;
    }

    /** The lock is for a run whose study was killed and goes on, while the process that did it still writes its last checkpoint. */
    @Override
    public Optional<RunResult> run(PlannedRun run, Path folder, BooleanSupplier stop) throws IOException {
        try (FolderLock lock = FolderLock.take(folder.resolve(StudyFolder.LOCK), folder)) {
            return runAlone(run, folder, stop);
        }
    }

    private Optional<RunResult> runAlone(PlannedRun run, Path folder, BooleanSupplier stop) throws IOException {
        OlmoeConfig model;
        Probing probing = new Probing();
        try (RunRecorder recorder = new RunRecorder(run.name(), folder.resolve(METRICS), folder.resolve("samples.jsonl"),
                folder.resolve("probes"));
                TrainingRun training = new TrainingRun(run.config(), data, device, folder.resolve(TrainedModel.CHECKPOINTS),
                        new RunObservers(new Once(recorder), probing))) {
            training.resume();
            model = training.getModel().getConfig();
            if (!training.run(stop) || stop.getAsBoolean() && probing.results == null) {
                return Optional.empty();
            }
        }
        if (probing.results == null) {
            throw new TrainingFailedException("the model of " + run.name() + " could not be probed: see the lines before", null);
        }
        RunResult result = result(run, model, probing.results, MetricsReader.read(folder.resolve(METRICS)));
        ResultFiles.write(folder.resolve(RunResult.FILE_NAME), result);
        OwnFiles.deleteTree(folder.resolve(TrainedModel.CHECKPOINTS));
        return Optional.of(result);
    }

    private RunResult result(PlannedRun run, OlmoeConfig model, List<ProbeResult> results, List<StepMetrics> steps) {
        RunConfig config = run.config();
        Measured measured;
        try {
            measured = Measured.of(results);
        } catch (IllegalArgumentException e) {
            throw new TrainingFailedException(e.getMessage(), e);
        }
        return new RunResult(RunResult.VERSION, run.part(), run.arm(), run.seed(), run.digest(), data.manifest().fingerprint(),
                config.training().steps(), config.training().steps() * config.tokensPerStep(), model.totalParams(), model.activeParams(),
                measured.heldOut(), measured.probes(), curve(steps), medianRate(steps), GpuName.orType(device));
    }

    /** The loss curve in at most {@value #MOST_POINTS} points, each the mean of as many steps but perhaps the last. */
    static List<CurvePoint> curve(List<StepMetrics> steps) {
        int each = Math.max(1, (steps.size() + MOST_POINTS - 1) / MOST_POINTS);
        List<CurvePoint> points = new ArrayList<>();
        for (int first = 0; first < steps.size(); first += each) {
            List<StepMetrics> some = steps.subList(first, Math.min(steps.size(), first + each));
            points.add(new CurvePoint(some.get(some.size() - 1).tokens(), some.stream().mapToDouble(StepMetrics::loss).average().orElseThrow()));
        }
        return points;
    }

    private static double medianRate(List<StepMetrics> steps) {
        return steps.stream().mapToDouble(StepMetrics::tokensPerSecond).sorted().skip(steps.size() / 2).findFirst().orElseThrow();
    }

    /**
     * How long a run takes.
     *
     * @param secondsPerStep the median of its steps
     * @param secondsOnce for the model, its first steps and what is measured on the finished model
     */
    public record Pace(double secondsPerStep, double secondsOnce) {

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

    /**
     * Measures what a step takes.
     *
     * @param run a run
     * @param scratch an empty folder
     * @param steps how many steps
     * @return seconds a step, and for all that is done once a run besides
     * @throws IOException if reading or writing fails
     */
    public Pace time(PlannedRun run, Path scratch, int steps) throws IOException {
        long start = System.nanoTime();
        List<Double> seconds = new ArrayList<>();
        RunObserver clock = new RunObserver() {
            @Override
            public void step(StepMetrics metrics) {
                seconds.add(run.config().tokensPerStep() / metrics.tokensPerSecond());
            }
        };
        try (TrainingRun training = new TrainingRun(run.config(), data, device, scratch.resolve(TrainedModel.CHECKPOINTS), clock)) {
            training.run(() -> false);
        }
        double all = (System.nanoTime() - start) / 1e9;
        double median = seconds.stream().skip(seconds.size() / 2).sorted().skip(seconds.size() / 4).findFirst().orElseThrow();
        return new Pace(median, Math.max(0, all - median * steps));
    }

    /** Keeps what probes gave last; a run that was killed before its result was written is probed again. */
    private static final class Probing implements RunObserver {

        private List<ProbeResult> results;

        @Override
        public boolean hasStep(long step) {
            return results != null;
        }

        @Override
        public void probed(long step, List<ProbeResult> found) {
            results = found;
        }
    }

    /** Tells a recorder nothing twice. */
    private record Once(RunRecorder recorder) implements RunObserver {

        @Override
        public void started(long firstStep, long lastStep) throws IOException {
            recorder.started(firstStep, lastStep);
        }

        @Override
        public boolean hasStep(long step) {
            return recorder.hasStep(step);
        }

        @Override
        public void step(StepMetrics metrics) throws IOException {
            if (!recorder.hasStep(metrics.step())) {
                recorder.step(metrics);
            }
        }

        @Override
        public void note(String message) {
            recorder.note(message);
        }
    }
}
