package ai.spattention.train.bench;

import ai.djl.Device;
import ai.djl.nn.Parameter;
import ai.djl.training.initializer.NormalInitializer;
import ai.spattention.olmoe.model.OlmoeModel;
import ai.spattention.segment.PartObserver;
import ai.spattention.train.config.RunConfig;
import ai.spattention.train.data.TokenBatch;
import ai.spattention.train.distributed.Collectives;
import ai.spattention.train.loop.setup.ModelSetup;
import ai.spattention.train.loop.setup.PassChoice;
import ai.spattention.train.loop.step.MicroBatch;
import ai.spattention.train.loop.step.Ranks;
import ai.spattention.train.loop.step.TrainStep;
import ai.spattention.train.optim.Schedule;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.function.Consumer;

/**
 * Times whole training steps on random tokens, in one process or several that learn together: all micro batches, sums of gradients, updates and
 * exchanged weights, as in a run, but nothing between steps. The slowest process counts.
 *
 * @param collectives the processes
 * @param device where this one computes
 * @param warmUps steps before those that count, at least 1
 * @param repetitions steps that count, at least 1
 * @param notes gets a line for each thing that is begun
 */
public record TrainBench(Collectives collectives, Device device, int warmUps, int repetitions, Consumer<String> notes) {

    /**
     * What was measured.
     *
     * @param processes how many learned together
     * @param microBatches micro batches of a step in each
     * @param stepMs median milliseconds of a step, of the slowest process
     * @param collectiveMs median milliseconds of collectives in a step on the first process, waiting for others and what passes hid included
     * @param tokensPerSecond the tokens of a step on all processes by that time
     * @param peakMemoryBytes the largest memory in use of the first process; empty where the system does not tell
     * @param pass which way passes ran
     * @param checkpointing what was kept of each layer
     */
    public record Row(int processes, int microBatches, double stepMs, double collectiveMs, double tokensPerSecond, OptionalLong peakMemoryBytes,
            String pass, String checkpointing) {}

    /**
     * Measures; all processes do so together.
     *
     * @param config the run whose model, batch and optimizer count
     * @return the figures, the same on all processes but for memory and collectives
     */
    public Row run(RunConfig config) {
        PeakMemory memory = PeakMemory.start(device);
        DeviceClock clock = new DeviceClock(device);
        PassChoice choice = PassChoice.of(config, device, collectives.size());
        OlmoeModel block = ModelSetup.model(config, (Integer) null, choice);
        block.setInitializer(new NormalInitializer(config.model().initializerRange()), Parameter.Type.WEIGHT); // drawn on the device
        List<MicroBatch> batches = batches(config);
        try (TrainStep step = new TrainStep(config, choice, block, device, Schedule.constant(config.optimizer().peakLr(), 0),
                warmUps + repetitions, new TrainStep.Watch(PartObserver.NONE, notes, List.of()), Ranks.of(config, collectives))) {
            step.prepare();
            notes.accept("pass: " + choice);
            notes.accept("activation checkpointing: " + choice.checkpointing());
            List<Double> steps = new ArrayList<>();
            List<Double> collected = new ArrayList<>();
            for (int i = 0; i < warmUps + repetitions; i++) {
                collectives.barrier();
                double waited = collectives.waitedSeconds();
                double ms = Arrays.stream(collectives.ofEachRank(clock.milliseconds(() -> {
                    step.begin();
                    batches.forEach(step::accumulate);
                    step.update();
                }))).max().orElseThrow();
                if (i >= warmUps) {
                    steps.add(ms);
                    collected.add(1e3 * (collectives.waitedSeconds() - waited));
                }
                notes.accept(String.format(Locale.ROOT, "step %d: %.1f ms", i + 1, ms));
            }
            double stepMs = Median.of(steps);
            return new Row(collectives.size(), batches.size(), stepMs, Median.of(collected), 1e3 * config.tokensPerStep() / stepMs, memory.bytes(),
                    choice.toString(), choice.checkpointing().toString());
        }
    }

    /** A step's micro-batches of this process. */
    private List<MicroBatch> batches(RunConfig config) {
        int micro = config.training().microBatch();
        int length = config.data().sequenceLength();
        Random random = new Random(collectives.rank());
        List<MicroBatch> batches = new ArrayList<>();
        for (int i = 0; i < config.training().gradientAccumulationSteps() / collectives.size(); i++) {
            long[] ids = random.ints((long) micro * length, 0, config.model().vocabSize()).asLongStream().toArray();
            long[] targets = random.ints((long) micro * length, 0, config.model().vocabSize()).asLongStream().toArray();
            Optional<long[]> documents = config.data().documentMask() ? Optional.of(new long[micro * length]) : Optional.empty();
            batches.add(new MicroBatch(new TokenBatch(micro, length, ids, targets), documents));
        }
        return batches;
    }
}
