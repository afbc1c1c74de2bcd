package ai.spattention.train.bench;

import ai.djl.Device;
import ai.djl.nn.Parameter;
import ai.djl.training.initializer.NormalInitializer;
import ai.spattention.olmoe.config.ModelFlops;
import ai.spattention.olmoe.model.OlmoeModel;
import ai.spattention.plan.Plan;
import ai.spattention.segment.PartObserver;
import ai.spattention.train.config.ActivationCheckpointing;
import ai.spattention.train.config.RunConfig;
import ai.spattention.train.data.TokenBatch;
import ai.spattention.train.loop.setup.ModelSetup;
import ai.spattention.train.loop.setup.PassChoice;
import ai.spattention.train.loop.step.MicroBatch;
import ai.spattention.train.loop.step.TrainStep;
import ai.spattention.train.machine.PeakFlops;
import ai.spattention.train.optim.Schedule;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.Random;
import java.util.function.Consumer;

/**
 * Times the training step of a model on random tokens: the forward and backward pass of one micro batch, the optimizer's
 * update, and in further repetitions, with a synchronisation around each, the parts of the pass.
 */
public final class StepBench {

    private final Device device;
    private final int warmUps;
    private final int repetitions;
    private final boolean optimizer;
    private final Consumer<String> notes;

    /**
     * What was measured of a model.
     *
     * @param name the run's name
     * @param pattern the attention pattern
     * @param kernel the kernel that was asked for
     * @param length N
     * @param microBatch B
     * @param passMs median milliseconds of a forward and backward pass over B N tokens
     * @param hostMs median milliseconds until the host had asked for a pass, of whose work the device may have done none
     * @param stepMs median milliseconds of a step: the pass, the gradients' norm, the update, and zeroing the gradients; empty
     *     where the optimizer was left out
     * @param partMs milliseconds of each part, forward and backward; the optimizer among them where it ran
     * @param utilisation the share of the device's peak that the pass reaches; empty where the peak is not known
     * @param peakMemoryBytes the largest memory in use; empty where the system does not tell
     * @param pass which way passes ran
     * @param checkpointing what was kept of each layer
     * @param launches the launches of one planned pass, by the GPU's own clock; none by blocks
     */
    public record Row(String name, String pattern, String kernel, int length, int microBatch, double passMs, double hostMs, OptionalDouble stepMs,
            Map<String, Double> partMs, OptionalDouble utilisation, OptionalLong peakMemoryBytes, String pass,
            ActivationCheckpointing checkpointing, List<Plan.StepTime> launches) {

        /**
         * The throughput of forward and backward pass.
         *
         * @return tokens a second
         */
        public double passTokensPerSecond() {
            return 1000.0 * microBatch * length / passMs;
        }

        /**
         * The throughput of the whole step, of one micro batch.
         *
         * @return tokens a second; empty where the optimizer was left out
         */
        public OptionalDouble stepTokensPerSecond() {
            return stepMs.isPresent() ? OptionalDouble.of(1000.0 * microBatch * length / stepMs.getAsDouble())
                    : OptionalDouble.empty();
        }
    }

    /**
     * Creates a benchmark.
     *
     * @param device where to compute
     * @param warmUps passes before those that count, at least 1
     * @param repetitions passes that count, at least 1
     * @param optimizer whether to time the update too; its state takes memory
     * @param notes gets a line for each thing that is begun
     */
    public StepBench(Device device, int warmUps, int repetitions, boolean optimizer, Consumer<String> notes) {
        this.device = device;
        this.warmUps = warmUps;
        this.repetitions = repetitions;
        this.optimizer = optimizer;
        this.notes = notes;
    }

    /**
     * Measures a model.
     *
     * @param config the run whose model, micro batch and optimizer count
     * @return the figures
     */
    public Row run(RunConfig config) {
        int length = config.data().sequenceLength();
        int micro = config.training().microBatch();
        PeakMemory memory = PeakMemory.start(device);
        PartClock clock = new PartClock(new DeviceClock(device));
        notes.accept(config.name() + ", " + config.model().patterns() + ", kernel "
                + config.kernel() + ": making the parameters ...");
        PassChoice choice = optimizer ? PassChoice.of(config, device) : PassChoice.ofPassAlone(config, device);
        OlmoeModel block = ModelSetup.model(config, (Integer) null, choice);
        // drawn on the device: half a minute less for 7 billion parameters, whose values need not come back here
        block.setInitializer(new NormalInitializer(config.model().initializerRange()), Parameter.Type.WEIGHT);
        TrainStep.Watch watch = new TrainStep.Watch(clock, notes, List.of());
        try (TrainStep step = new TrainStep(config, choice, block, device, Schedule.constant(config.optimizer().peakLr(), 0),
                repetitions, watch)) {
            if (optimizer) {
                step.prepare();
            }
            notes.accept("  pass: " + choice);
            notes.accept("  activation checkpointing: " + choice.checkpointing());
            Random random = new Random(1);
            Runnable pass = () -> pass(step, micro, length, config.model().vocabSize(), random);
            for (int i = 0; i < warmUps; i++) {
                step.begin();
                double ms = clock.time.milliseconds(pass);
                notes.accept(String.format(Locale.ROOT, "  warm-up %d: %.1f ms", i + 1, ms));
            }
            List<Double> passes = new ArrayList<>();
            List<Double> steps = new ArrayList<>();
            List<Double> hosts = new ArrayList<>();
            for (int i = 0; i < repetitions; i++) {
                step.begin();
                double ms = clock.time.milliseconds(() -> {
                    long begun = System.nanoTime();
                    pass.run();
                    hosts.add((System.nanoTime() - begun) / 1e6);
                });
                passes.add(ms);
                if (optimizer) {
                    steps.add(ms + clock.time.milliseconds(step::update));
                }
            }
            OptionalLong peak = memory.bytes();
            double passMs = Median.of(passes);
            List<Plan.StepTime> launches = step.profile();
            Map<String, Double> parts = launches.isEmpty() ? parts(clock, step, pass) : parts(launches);
            OptionalDouble stepMs = steps.isEmpty() ? OptionalDouble.empty()
                    : OptionalDouble.of(Median.of(steps));
            stepMs.ifPresent(ms -> parts.put("optimizer", ms - passMs));
            double flops = ModelFlops.trainingPerToken(block.getConfig(), length) * micro * length / (passMs / 1000);
            OptionalDouble limit = PeakFlops.of(config, device);
            return new Row(config.name(), config.model().patterns().toString(), config.kernel(), length, micro,
                    passMs, Median.of(hosts), stepMs, parts,
                    limit.isPresent() ? OptionalDouble.of(flops / limit.getAsDouble()) : OptionalDouble.empty(), peak,
                    choice.toString(), choice.checkpointing().mode(), launches);
        }
    }

    /** The parts of a planned pass, inside the running pass. */
    static Map<String, Double> parts(List<Plan.StepTime> launches) {
        Map<String, Double> parts = new LinkedHashMap<>();
        launches.forEach(launch -> parts.merge(launch.part(), launch.milliseconds(), Double::sum));
        return parts;
    }

    /** Repetitions in which every part is waited for: what the parts leave of the pass is the rest. */
    private Map<String, Double> parts(PartClock clock, TrainStep step, Runnable pass) {
        int rounds = Math.min(3, repetitions);
        clock.running = true;
        double total = 0;
        for (int i = 0; i < rounds; i++) {
            step.begin();
            total += clock.time.milliseconds(pass);
        }
        clock.running = false;
        Map<String, Double> parts = new LinkedHashMap<>();
        double known = 0;
        for (Map.Entry<String, Long> part : clock.nanos.entrySet()) {
            double ms = part.getValue() / 1e6 / rounds;
            parts.put(part.getKey(), ms);
            known += ms;
        }
        parts.put("rest", total / rounds - known);
        return parts;
    }

    private static void pass(TrainStep step, int micro, int length, int vocabulary, Random random) {
        long[] ids = random.ints((long) micro * length, 0, vocabulary).asLongStream().toArray();
        long[] targets = random.ints((long) micro * length, 0, vocabulary).asLongStream().toArray();
        step.accumulate(new MicroBatch(new TokenBatch(micro, length, ids, targets), Optional.empty()));
    }

    /** Adds up the time of parts, waiting for the device at both ends. */
    private static final class PartClock implements PartObserver {

        private final Map<String, Long> nanos = new LinkedHashMap<>();
        private final DeviceClock time;
        private boolean running;
        private long begun;

        PartClock(DeviceClock time) {
            this.time = time;
        }

        @Override
        public void begin(String part) {
            if (running) {
                time.synchronize();
                begun = System.nanoTime();
            }
        }

        @Override
        public void end(String part) {
            if (running) {
                time.synchronize();
                nanos.merge(part, System.nanoTime() - begun, Long::sum);
            }
        }
    }
}
