package ai.spattention;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.inference.Predictor;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.ParallelBlock;
import ai.djl.nn.Parameter;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.core.Linear;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.EasyTrain;
import ai.djl.training.ParameterStore;
import ai.djl.training.Trainer;
import ai.djl.training.dataset.Batch;
import ai.djl.training.loss.Loss;
import ai.djl.translate.NoopTranslator;
import ai.djl.translate.StackBatchifier;
import ai.spattention.attention.AttentionKernel;
import ai.spattention.attention.auto.AutoKernel;
import ai.spattention.attention.engine.MaskedKernel;
import ai.spattention.attention.engine.TiledKernel;
import ai.spattention.pattern.AttentionPattern;
import ai.spattention.pattern.LayoutLength;
import ai.spattention.pattern.StandardPattern;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The block in what DJL does with the blocks of a model: save, load, freeze, describe, put side by side, predict. */
class LifecycleTest {

    private static final int DIM = 16;
    private static final Shape INPUT = new Shape(2, 12, DIM);

    @TempDir
    private Path folder;

    private static SpAttentionBlock.Builder attention(AttentionPattern pattern) {
        return SpAttentionBlock.builder().setModelDim(DIM).setNumHeads(4).setPattern(pattern).optLayoutLength(LayoutLength.of(12));
    }

    private static SpAttentionBlock.Builder rich() {
        return attention(StandardPattern.SP).optNumKvHeads(2).optRotaryEmbedding(10_000).optQueryKeyNorm(1e-5f).optBias(true);
    }

    private static SequentialBlock network(Block attention) {
        return new SequentialBlock().add(Linear.builder().setUnits(DIM).build()).add(attention)
                .add(Linear.builder().setUnits(DIM).build());
    }

    private static Model model(Block block) {
        Model model = Model.newInstance("lifecycle", Device.cpu(), "PyTorch");
        model.getNDManager().getEngine().setRandomSeed(7);
        model.setBlock(block);
        return model;
    }

    private static DefaultTrainingConfig config() {
        return new DefaultTrainingConfig(Loss.l2Loss()).optDevices(new Device[] {Device.cpu()});
    }

    private static NDArray run(Model model, NDArray input) {
        ParameterStore store = new ParameterStore(model.getNDManager(), false);
        return model.getBlock().forward(store, new NDList(input), false).singletonOrThrow();
    }

    private static void step(Trainer trainer) {
        NDManager manager = trainer.getManager().newSubManager();
        NDArray input = manager.randomNormal(INPUT);
        try (Batch batch = new Batch(manager, new NDList(input), new NDList(input.neg()), 2, new StackBatchifier(),
                new StackBatchifier(), 0, 1)) {
            EasyTrain.trainBatch(trainer, batch);
            trainer.step();
        }
    }

    @Test
    void aModelIsReadBackIntoANewOneAfterTraining() throws Exception {
        try (Model written = model(network(rich().build())); Model read = model(network(rich().build()));
                Model other = model(network(rich().setPattern(StandardPattern.EXCLUSIVE).build()))) {
            try (Trainer trainer = written.newTrainer(config())) {
                trainer.initialize(INPUT);
                step(trainer);
            }
            written.save(folder, "lifecycle");
            assertFalse(Files.readString(folder.resolve("lifecycle-0000.params"), StandardCharsets.ISO_8859_1).contains("cpu"),
                    "no device stands in the file, so that any reads it");
            read.load(folder, "lifecycle");
            NDArray input = written.getNDManager().randomNormal(INPUT);
            assertArrayEquals(run(written, input).toFloatArray(), run(read, input).toFloatArray());
            try (Trainer trainer = read.newTrainer(config())) { // and training goes on
                trainer.initialize(INPUT);
                assertArrayEquals(run(written, input).toFloatArray(), run(read, input).toFloatArray());
                step(trainer);
                assertFalse(run(written, input).contentEquals(run(read, input)));
            }
            assertEquals("the saved attention block has pattern sp, this one has exclusive",
                    assertThrows(MalformedModelException.class, () -> other.load(folder, "lifecycle")).getMessage());
        }
    }

    @Test
    void frozenParametersStayAndTheOthersLearn() {
        SpAttentionBlock attention = rich().build();
        try (Model model = model(network(attention)); Trainer trainer = model.newTrainer(config())) {
            trainer.initialize(INPUT);
            attention.freezeParameters(true);
            Map<String, NDArray> before = copies(model);
            model.getBlock().getParameters().forEach(parameter -> assertEquals(!attention.getParameters().values()
                    .contains(parameter.getValue()), parameter.getValue().getArray().hasGradient(), parameter.getKey()));
            step(trainer);
            step(trainer);
            model.getBlock().getParameters().forEach(parameter -> assertEquals(attention.getParameters().values()
                    .contains(parameter.getValue()), parameter.getValue().getArray().contentEquals(before.get(parameter.getKey())),
                    parameter.getKey()));

            attention.freezeParameters(false);
            attention.getKeyProjection().freezeParameters(true); // a part of the block
            Map<String, NDArray> then = copies(model);
            step(trainer);
            List<Parameter> frozen = attention.getKeyProjection().getParameters().values();
            model.getBlock().getParameters().forEach(parameter -> assertEquals(frozen.contains(parameter.getValue()),
                    parameter.getValue().getArray().contentEquals(then.get(parameter.getKey())), parameter.getKey()));
        }
    }

    private static Map<String, NDArray> copies(Model model) {
        Map<String, NDArray> copies = new HashMap<>();
        model.getBlock().getParameters().forEach(parameter -> copies.put(parameter.getKey(),
                parameter.getValue().getArray().duplicate()));
        return copies;
    }

    @Test
    void isDescribedAndTakesAnUnknownBatchAndLength() {
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            for (Shape unknown : new Shape[] {new Shape(-1, 12, DIM), new Shape(-1, -1, DIM)}) {
                SpAttentionBlock block = rich().build();
                assertArrayEquals(new Shape[] {unknown}, block.getOutputShapes(new Shape[] {unknown}));
                block.initialize(manager, DataType.FLOAT32, unknown);
                assertEquals(List.of(unknown), block.describeInput().values());
                assertEquals(List.of("data0"), block.describeInput().keys());
                assertTrue(block.toString().contains("queryProjection"), block.toString());
                NDArray output = block.forward(new ParameterStore(manager, false), new NDList(manager.ones(INPUT)), false).head();
                assertEquals(INPUT, output.getShape());
            }
            SpAttentionBlock block = rich().build();
            Shape keys = new Shape(-1, 12, DIM);
            Shape queries = new Shape(-1, 3, DIM);
            Shape[] four = {keys, queries, keys, new Shape(-1, 3, 12)};
            assertArrayEquals(new Shape[] {queries}, block.getOutputShapes(four));
            block.initialize(manager, DataType.FLOAT32, four);
            assertEquals(List.of(four), block.describeInput().values());
        }
    }

    @Test
    void aNetworkAroundItTakesAnUnknownBatchAndLength() {
        for (Shape unknown : new Shape[] {new Shape(-1, 12, DIM), new Shape(-1, -1, DIM)}) {
            try (Model model = model(network(rich().build()))) {
                model.getBlock().initialize(model.getNDManager(), DataType.FLOAT32, unknown);
                assertEquals(List.of(unknown), model.describeInput().values());
                assertArrayEquals(new Shape[] {unknown}, model.getBlock().getOutputShapes(new Shape[] {unknown}));
                for (long batch : new long[] {1, 3}) {
                    Shape known = new Shape(batch, 7, DIM);
                    assertEquals(known, run(model, model.getNDManager().randomNormal(known)).getShape());
                }
            }
        }
    }

    /** What a model puts beside the input of the block comes from a lambda before it. */
    @Test
    void aLambdaBeforeItMayMakeItsMask() {
        SpAttentionBlock attention = rich().build();
        SequentialBlock network = new SequentialBlock().add(inputs -> new NDList(inputs.head(), inputs.head().get(":, :, 0").gt(0)))
                .add(attention).add(inputs -> new NDList(inputs.singletonOrThrow().mul(2)));
        try (Model model = model(network); Trainer trainer = model.newTrainer(config())) {
            trainer.initialize(INPUT);
            NDArray input = model.getNDManager().randomNormal(INPUT);
            NDArray mask = input.get(":, :, 0").gt(0);
            NDArray expected = attention.forward(new ParameterStore(model.getNDManager(), false), new NDList(input, mask), false).head();
            assertEquals(expected.mul(2), run(model, input));
            step(trainer);
        }
    }

    @Test
    void twoStandSideBySide() {
        ParallelBlock both = new ParallelBlock(list -> new NDList(list.get(0).head().concat(list.get(1).head(), -1)))
                .add(attention(StandardPattern.SP).build()).add(attention(StandardPattern.LOCAL).build());
        SequentialBlock network = new SequentialBlock().add(both).add(Linear.builder().setUnits(DIM).build());
        try (Model model = model(network); Trainer trainer = model.newTrainer(config())) {
            trainer.initialize(INPUT); // ParallelBlock itself takes no unknown batch
            Map<String, NDArray> before = copies(model);
            step(trainer);
            before.forEach((name, array) -> assertFalse(array.contentEquals(
                    model.getBlock().getParameters().get(name).getArray()), name));
            NDArray input = model.getNDManager().randomNormal(INPUT);
            NDList parts = new NDList();
            both.getChildren().values().forEach(child -> parts.add(child.forward(
                    new ParameterStore(model.getNDManager(), false), new NDList(input), false).head()));
            NDArray joined = both.forward(new ParameterStore(model.getNDManager(), false), new NDList(input), false).head();
            assertEquals(parts.get(0).concat(parts.get(1), -1), joined);
        }
    }

    @ParameterizedTest
    @EnumSource(StandardPattern.class)
    void inFloat16ItComputesTheSameAsFarAsFloat16Goes(StandardPattern pattern) {
        for (AttentionKernel kernel : List.of(new AutoKernel(), new MaskedKernel(), new TiledKernel(4))) {
            SpAttentionBlock half = attention(pattern).optKernel(kernel).optBias(true).optRotaryEmbedding(10_000)
                    .optQueryKeyNorm(1e-5f).build();
            SpAttentionBlock single = attention(pattern).optKernel(kernel).optBias(true).optRotaryEmbedding(10_000)
                    .optQueryKeyNorm(1e-5f).build();
            try (Model model = model(half); Model reference = model(single); Trainer trainer = model.newTrainer(config())) {
                model.setDataType(DataType.FLOAT16);
                trainer.initialize(INPUT);
                single.initialize(reference.getNDManager(), DataType.FLOAT32, INPUT);
                for (int i = 0; i < half.getParameters().size(); i++) {
                    assertEquals(DataType.FLOAT16, half.getParameters().valueAt(i).getArray().getDataType());
                    half.getParameters().valueAt(i).getArray().toType(DataType.FLOAT32, true)
                            .copyTo(single.getParameters().valueAt(i).getArray());
                }
                NDArray input = model.getNDManager().randomNormal(INPUT).toType(DataType.FLOAT16, true);
                NDArray output = run(model, input);
                assertEquals(DataType.FLOAT16, output.getDataType());
                NDArray expected = run(reference, input.toType(DataType.FLOAT32, true));
                float worst = expected.sub(output.toType(DataType.FLOAT32, true)).abs().max().getFloat();
                assertTrue(worst < 1e-2 && expected.abs().max().getFloat() > 0.1, kernel.name() + " differs by " + worst);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 8})
    void eightThreadsGetWhatOneGets(int predictors) throws Exception {
        try (Model model = model(network(rich().build()))) {
            model.getBlock().initialize(model.getNDManager(), DataType.FLOAT32, INPUT);
            List<float[]> inputs = new ArrayList<>();
            List<float[]> expected = new ArrayList<>();
            ExecutorService threads = Executors.newFixedThreadPool(8);
            List<Predictor<NDList, NDList>> shared = new ArrayList<>();
            try {
                for (int i = 0; i < predictors; i++) {
                    shared.add(model.newPredictor(new NoopTranslator(null)));
                }
                for (int i = 0; i < 8; i++) {
                    inputs.add(model.getNDManager().randomNormal(new Shape(2, 5 + i, DIM)).toFloatArray()); // plans of eight lengths
                }
                try (Predictor<NDList, NDList> alone = model.newPredictor(new NoopTranslator(null))) {
                    for (int i = 0; i < 8; i++) {
                        expected.add(predict(alone, inputs.get(i), 5 + i));
                    }
                }
                List<Future<Integer>> results = new ArrayList<>();
                for (int i = 0; i < 8; i++) {
                    int first = i;
                    Predictor<NDList, NDList> predictor = shared.get(i % predictors);
                    results.add(threads.submit(() -> {
                        for (int k = 0; k < 16; k++) {
                            int which = (first + k) % 8;
                            assertArrayEquals(expected.get(which), predict(predictor, inputs.get(which), 5 + which), 1e-6f);
                        }
                        return 16;
                    }));
                }
                for (Future<Integer> result : results) {
                    assertEquals(16, result.get());
                }
            } finally {
                threads.shutdownNow();
                shared.forEach(Predictor::close);
            }
        }
    }

    private static float[] predict(Predictor<NDList, NDList> predictor, float[] values, int length) throws Exception {
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
                NDList output = predictor.predict(new NDList(manager.create(values, new Shape(2, length, DIM))))) {
            return output.singletonOrThrow().toFloatArray();
        }
    }
}
