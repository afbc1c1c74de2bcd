package ai.spattention.train.loop;

import ai.djl.Device;
import ai.djl.util.cuda.CudaUtils;
import ai.spattention.olmoe.config.ModelFlops;
import ai.spattention.olmoe.config.OlmoeConfig;
import ai.spattention.olmoe.loss.LossValues;
import ai.spattention.train.config.RunConfig;
import ai.spattention.train.loop.periodic.RunProgress;
import ai.spattention.train.loop.step.StepOutcome;
import ai.spattention.train.machine.PeakFlops;
import ai.spattention.train.metrics.StepMetrics;
import ai.spattention.train.optim.Schedule;
import java.util.OptionalDouble;

/** Turns what a step was into its metrics: losses, learning rate, throughput, utilisation, memory and the experts' load. */
final class StepMeter {

    private final Device device;
    private final Schedule schedule;
    private final ExpertLoadMeter expertLoad;
    private final long tokensPerStep;
    private final double flopsPerToken;
    private final OptionalDouble peakFlops;
    private final int processes;

    /**
     * Creates the meter.
     *
     * @param config the run's configuration
     * @param model the model
     * @param device where it computes
     * @param schedule the learning rate by update
     * @param expertLoad has been told of the step's passes
     * @param processes how many learn together, each on such a device
     */
    StepMeter(RunConfig config, OlmoeConfig model, Device device, Schedule schedule, ExpertLoadMeter expertLoad, int processes) {
        this.processes = processes;
        this.device = device;
        this.schedule = schedule;
        this.expertLoad = expertLoad;
        tokensPerStep = config.tokensPerStep();
        flopsPerToken = ModelFlops.trainingPerToken(model, config.data().sequenceLength());
        peakFlops = PeakFlops.of(config, device);
    }

    /** What the device can do at most, in floating-point operations a second; empty if that is not known. */
    OptionalDouble peakFlops() {
        return peakFlops;
    }

    /**
     * Measures a step that is done.
     *
     * @param progress how far the run is, the step included
     * @param outcome what the step was
     * @param updates how many updates there were, the step's included unless it was skipped
     * @param seconds the time that the step took
     */
    StepMetrics.Builder measure(RunProgress progress, StepOutcome outcome, long updates, double seconds) {
        LossValues loss = outcome.loss();
        double tokensPerSecond = tokensPerStep / seconds;
        StepMetrics.Builder metrics = StepMetrics.builder().setStep(progress.step()).setTokens(progress.tokens())
                .setTimeSeconds(progress.elapsedSeconds())
                .setLosses(loss.languageModel(), loss.loadBalancing(), loss.routerZ()).setGradientNorm(outcome.gradientNorm())
                .setLearningRate(schedule.learningRate(Math.max(1, updates)))
                .setTokensPerSecond(tokensPerSecond).optExpertLoad(expertLoad.read());
        peakFlops.ifPresent(peak -> metrics.optUtilisation(tokensPerSecond * flopsPerToken / (peak * processes)));
        ProcessMemory.residentBytes().ifPresent(bytes -> metrics.optMemoryMb(bytes / 1048576.0));
        if (device.isGpu()) {
            metrics.optGpuMemoryMb(CudaUtils.getGpuMemory(device).getCommitted() / 1048576.0);
        }
        return metrics;
    }
}
