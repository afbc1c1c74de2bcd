package ai.spattention.train.bench;

import ai.djl.Device;
import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.Blocks;
import ai.djl.nn.ParallelBlock;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.LayerNorm;
import ai.djl.nn.transformer.ScaledDotProductAttentionBlock;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.EasyTrain;
import ai.djl.training.Trainer;
import ai.djl.training.dataset.Batch;
import ai.djl.training.loss.Loss;
import ai.djl.translate.StackBatchifier;
import ai.spattention.Precision;
import ai.spattention.SpAttentionBlock;
import ai.spattention.attention.AttentionCall;
import ai.spattention.attention.AttentionLayout;
import ai.spattention.attention.GradientMode;
import ai.spattention.attention.auto.AutoKernel;
import ai.spattention.pattern.LayoutLength;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * Times training steps of a transformer of DJL's own blocks in a plain DJL Trainer: pre-norm residual layers of attention and of
 * two linear layers (C to 4 C to C, GELU), from random features [B, N, C] to random targets of the same shape under the L2 loss,
 * with DJL's Adam. Only the block that computes attention differs: DJL's own, and {@link SpAttentionBlock} for each case.
 *
 * <p>The candidates take turns. In each turn the model is made anew and closed at its end, so that each has the device's memory
 * for itself.
 */
public final class TransformerBench {

    private final AttentionBench.Settings settings;
    private final int layers;
    private final float dropout;
    private final MemoryFailures failures;
    private final Consumer<String> notes;
    private final DeviceClock clock;

    /**
     * Creates a benchmark.
     *
     * @param settings what to time; the number format must be float32 or bfloat16
     * @param layers layers of the transformer, at least 1
     * @param dropout the probability with which every candidate drops an attention weight
     * @param failures where candidates go that run out of memory
     * @param notes told of each length as it begins, and of what is left out
     */
    public TransformerBench(AttentionBench.Settings settings, int layers, float dropout, MemoryFailures failures,
            Consumer<String> notes) {
        this.settings = settings;
        this.layers = layers;
        this.dropout = dropout;
        this.failures = failures;
        this.notes = notes;
        this.clock = new DeviceClock(settings.device());
    }

    /**
     * A block that computes attention, and what was measured with it.
     *
     * @param attention given the model's manager, what makes the block of each layer
     */
    private record Candidate(Class<? extends Block> block, String pattern, String kernel, String reason,
            Map<String, String> passedOver, Function<NDManager, Supplier<Block>> attention, Measured measured) {}

    private static final class Measured {

        private final List<Double> passMs = new ArrayList<>();
        private final List<Double> stepMs = new ArrayList<>();
        private OptionalLong peakBytes = OptionalLong.empty();
    }

    /**
     * Times all candidates at a length.
     *
     * @param length N
     * @return one row a candidate
     */
    public List<BlockRow> run(int length) {
        List<Candidate> candidates = candidates(length);
        notes.accept("transformer of " + layers + " layers, length " + length + ": " + candidates.size() + " cases, "
                + settings.repetitions() + " repetitions");
        for (int repetition = 0; repetition < settings.repetitions(); repetition++) {
            candidates.removeIf(candidate -> !failures.runs("transformer with " + candidate.block.getSimpleName() + ", "
                    + candidate.pattern + " by the kernel " + candidate.kernel + " at " + length, () -> train(candidate, length)));
        }
        return candidates.stream().map(candidate -> row(candidate, length)).toList();
    }

    private BlockRow row(Candidate candidate, int length) {
        Measured measured = candidate.measured;
        return new BlockRow(BlockRow.TRANSFORMER, candidate.block.getSimpleName(), candidate.pattern, length,
                settings.batchAt(length), candidate.kernel, candidate.reason, candidate.passedOver, Median.of(measured.passMs),
                OptionalDouble.of(Median.of(measured.stepMs)), measured.peakBytes);
    }

    private List<Candidate> candidates(int length) {
        List<Candidate> candidates = new ArrayList<>();
        if (settings.type() == NumberType.FLOAT32) {
            candidates.add(new Candidate(ScaledDotProductAttentionBlock.class, "causal", "djl",
                    "DJL's own operators, with all scores in memory", Map.of(), manager -> {
                        NDArray mask = CausalScores.mask(manager, length);
                        return () -> new CausalScores(width(), settings.heads(), dropout, mask);
                    }, new Measured()));
        } else {
            notes.accept("warning: left out: DJL's ScaledDotProductAttentionBlock, which computes in float32 only");
        }
        settings.cases().forEach(about -> candidates.add(candidate(about, length)));
        return candidates;
    }

    private Candidate candidate(AttentionBench.Case about, int length) {
        boolean bfloat16 = settings.type() == NumberType.BFLOAT16;
        AutoKernel.Choice choice = about.choose(new AttentionCall(new AttentionLayout(about.pattern(), LayoutLength.SEQUENCE),
                settings.device(), bfloat16 ? DataType.BFLOAT16 : DataType.FLOAT32, settings.heads(), settings.heads(), length,
                length, settings.headDim(), false, dropout > 0, GradientMode.ENGINE));
        return new Candidate(SpAttentionBlock.class, about.pattern().patternName(), choice.kernel().name(), choice.reason(),
                choice.passedOver(), manager -> () -> SpAttentionBlock.builder().setModelDim(width()).setNumHeads(settings.heads())
                        .setPattern(about.pattern()).optDropout(dropout).optBias(true) // as DJL's block has
                        .optKernel(about.kernel()).optPrecision(bfloat16 ? Precision.BFLOAT16 : Precision.FLOAT32).build(),
                new Measured());
    }

    private int width() {
        return settings.heads() * settings.headDim();
    }

    /** Trains a new model for the steps that warm up and the one that counts. */
    private void train(Candidate candidate, int length) {
        Shape shape = new Shape(settings.batchAt(length), length, width());
        PeakMemory memory = PeakMemory.start(settings.device());
        try (Model model = Model.newInstance("transformer", settings.device(), "PyTorch")) {
            model.setBlock(transformer(candidate.attention.apply(model.getNDManager())));
            DefaultTrainingConfig config = new DefaultTrainingConfig(Loss.l2Loss())
                    .optDevices(new Device[] {settings.device()}).optOptimizer(new OwnedAdam(model.getNDManager()));
            try (Trainer trainer = model.newTrainer(config)) {
                trainer.initialize(shape);
                for (int i = 0; i <= settings.warmUps(); i++) {
                    NDManager manager = trainer.getManager().newSubManager();
                    try (Batch batch = new Batch(manager, new NDList(manager.randomNormal(shape)),
                            new NDList(manager.randomNormal(shape)), (int) shape.get(0), new StackBatchifier(),
                            new StackBatchifier(), 0, 1)) {
                        double passMs = clock.milliseconds(() -> EasyTrain.trainBatch(trainer, batch));
                        double stepMs = passMs + clock.milliseconds(trainer::step);
                        if (i == settings.warmUps()) {
                            candidate.measured.passMs.add(passMs);
                            candidate.measured.stepMs.add(stepMs);
                        }
                    }
                }
                candidate.measured.peakBytes = memory.bytes();
            }
        }
    }

    private Block transformer(Supplier<Block> attention) {
        SequentialBlock network = new SequentialBlock();
        for (int layer = 0; layer < layers; layer++) {
            network.add(residual(attention.get()));
            network.add(residual(Linear.builder().setUnits(4L * width()).build(), Activation.geluBlock(),
                    Linear.builder().setUnits(width()).build()));
        }
        return network.add(norm());
    }

    private static Block residual(Block... inner) {
        SequentialBlock branch = new SequentialBlock().add(norm()).addAll(inner);
        return new ParallelBlock(lists -> new NDList(lists.get(0).singletonOrThrow().add(lists.get(1).singletonOrThrow())),
                List.of(Blocks.identityBlock(), branch));
    }

    private static Block norm() {
        return LayerNorm.builder().axis(2).build(); // of each position
    }
}
