package ai.spattention.olmoe.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Parameter;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.EasyTrain;
import ai.djl.training.Trainer;
import ai.djl.training.dataset.Batch;
import ai.djl.translate.StackBatchifier;
import ai.djl.util.Pair;
import ai.spattention.Precision;
import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.TestConfigs;
import ai.spattention.olmoe.config.LayerPatterns;
import ai.spattention.olmoe.config.OlmoeConfig;
import ai.spattention.olmoe.loss.LossMeter;
import ai.spattention.olmoe.loss.LossValues;
import ai.spattention.olmoe.loss.OlmoeLoss;
import ai.spattention.pattern.LshSettings;
import ai.spattention.pattern.StandardPattern;
import ai.spattention.segment.SegmentedBlock;
import ai.spattention.segment.SegmentedTrainer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Training in segments against training in one graph. */
class SegmentedTrainingTest {

    private static final int BATCH = 2;
    private static final int LENGTH = 13;
    /** With some seeds two experts come so close that eight bits of fraction choose the other: gradients are then another function's. */
    private static final long SEED = 7;

    /** What a training pass leaves behind: the losses, and each parameter's gradient in float64. */
    private record Pass(LossValues losses, Map<String, double[]> gradients) {}

    private static Pass train(OlmoeConfig config, DataType type, boolean segmented, boolean documents, int passes,
            UnaryOperator<OlmoeModel.Builder> options) {
        OlmoeModel block = options.apply(OlmoeModel.builder().setConfig(config).optSeed(SEED)).build();
        try (Model model = Model.newInstance("test", Device.cpu(), "PyTorch")) {
            AbstractBlock root = segmented ? new SegmentedBlock(block) : block;
            model.setBlock(root);
            model.setDataType(type);
            LossMeter meter = new LossMeter(model.getNDManager());
            DefaultTrainingConfig training = new DefaultTrainingConfig(new OlmoeLoss(0.01, 0.001, meter))
                    .optDevices(new Device[] {Device.cpu()});
            try (Trainer trainer = segmented ? new SegmentedTrainer(model, training) : model.newTrainer(training)) {
                Shape shape = new Shape(BATCH, LENGTH);
                if (documents) {
                    trainer.initialize(shape, shape);
                } else {
                    trainer.initialize(shape);
                }
                for (int pass = 0; pass < passes; pass++) {
                    try (Batch batch = batch(trainer.getManager(), documents)) {
                        EasyTrain.trainBatch(trainer, batch);
                    }
                }
                Map<String, double[]> gradients = new LinkedHashMap<>();
                for (Pair<String, Parameter> named : block.getParameters()) {
                    try (NDArray gradient = named.getValue().getArray().getGradient();
                            NDArray exact = gradient.toType(DataType.FLOAT64, true)) {
                        gradients.put(named.getKey(), exact.toDoubleArray());
                    }
                }
                return new Pass(meter.read(), gradients);
            }
        }
    }

    private static Batch batch(NDManager parent, boolean documents) {
        NDManager manager = parent.newSubManager();
        long[] ids = new long[BATCH * LENGTH];
        long[] targets = new long[ids.length];
        long[] document = new long[ids.length];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = (i * 7L + i * i / 3) % 19;
            targets[i] = i % 5 == 0 ? -100 : (i * 5 + 1) % 19;
            document[i] = i % LENGTH / 5;
        }
        Shape shape = new Shape(BATCH, LENGTH);
        NDList data = new NDList(manager.create(ids, shape));
        if (documents) {
            data.add(manager.create(document, shape));
        }
        return new Batch(manager, data, new NDList(manager.create(targets, shape)), BATCH, new StackBatchifier(),
                new StackBatchifier(), 0, 1);
    }

    private static double difference(double[] expected, double[] actual) {
        double difference = 0;
        double norm = 0;
        for (int i = 0; i < expected.length; i++) {
            difference += (expected[i] - actual[i]) * (expected[i] - actual[i]);
            norm += expected[i] * expected[i];
        }
        assertTrue(norm > 0, "a gradient of zero would prove nothing");
        return Math.sqrt(difference / norm);
    }

    private static void assertClose(Pass expected, Pass actual, double tolerance) {
        assertEquals(expected.losses.total(), actual.losses.total(), tolerance * expected.losses.total());
        assertEquals(expected.losses.languageModel(), actual.losses.languageModel(),
                tolerance * expected.losses.languageModel());
        expected.gradients.forEach((name, gradient) -> {
            double difference = difference(gradient, actual.gradients.get(name));
            assertTrue(difference <= tolerance, name + " differs by " + difference);
        });
    }

    static Stream<OlmoeConfig> configs() {
        return Stream.of(TestConfigs.small().build(),
                TestConfigs.small().optPattern(StandardPattern.EXCLUSIVE).optTieWordEmbeddings(true).build(),
                TestConfigs.small().optNumKeyValueHeads(2).optPattern(StandardPattern.CAUSAL).optClipQkv(0.3f)
                        .optNormTopkProb(true).build(),
                TestConfigs.small().optPatterns(new LayerPatterns(List.of(new LshSettings(2, 64, 0), StandardPattern.SP))).build());
    }

    @ParameterizedTest
    @MethodSource("configs")
    void segmentsGiveTheGradientsOfOneGraph(OlmoeConfig config) {
        Pass expected = train(config, DataType.FLOAT32, false, false, 1, model -> model);
        assertClose(expected, train(config, DataType.FLOAT32, true, false, 1, model -> model), 2e-6);
    }

    @ParameterizedTest
    @MethodSource("configs")
    void layersThatAreComputedAgainGiveTheSameGradients(OlmoeConfig config) {
        Pass kept = train(config, DataType.FLOAT32, true, false, 1, model -> model);
        Pass again = train(config, DataType.FLOAT32, true, false, 1, model -> model.optActivationCheckpointing(true));
        assertClose(kept, again, 1e-6);
    }

    @Test
    void documentsStayApartInSegments() {
        OlmoeConfig config = TestConfigs.small().build();
        Pass expected = train(config, DataType.FLOAT32, false, true, 1, model -> model);
        assertClose(expected, train(config, DataType.FLOAT32, true, true, 1, model -> model), 2e-6);
        assertClose(expected, train(config, DataType.FLOAT32, true, true, 1, model -> model.optActivationCheckpointing(true)), 2e-6);
    }

    @Test
    void gradientsOfMicroBatchesAddUp() {
        OlmoeConfig config = TestConfigs.small().build();
        Pass once = train(config, DataType.FLOAT32, true, false, 1, model -> model);
        Pass thrice = train(config, DataType.FLOAT32, true, false, 3, model -> model.optActivationCheckpointing(true));
        once.gradients.forEach((name, gradient) -> {
            double[] scaled = gradient.clone();
            for (int i = 0; i < scaled.length; i++) {
                scaled[i] *= 3;
            }
            assertTrue(difference(scaled, thrice.gradients.get(name)) < 2e-6, name);
        });
    }

    /** Eight bits of fraction everywhere: the loss agrees to a part in a hundred, each gradient in its direction. */
    @ParameterizedTest
    @MethodSource("configs")
    void bfloat16IsClose(OlmoeConfig config) {
        Pass expected = train(config, DataType.FLOAT32, false, false, 1, model -> model);
        for (boolean again : new boolean[] {false, true}) {
            Pass actual = train(config, DataType.FLOAT32, true, false, 1,
                    model -> model.optPrecision(Precision.BFLOAT16).optActivationCheckpointing(again));
            assertEquals(expected.losses.total(), actual.losses.total(), 0.01 * expected.losses.total());
            expected.gradients.forEach((name, gradient) -> {
                double difference = difference(gradient, actual.gradients.get(name));
                assertTrue(difference < 0.45, name + " differs by " + difference);
            });
        }
    }

    @Test
    void bfloat16TrainsInOneGraphToo() {
        OlmoeConfig config = TestConfigs.small().build();
        Pass expected = train(config, DataType.FLOAT32, true, false, 1, model -> model.optPrecision(Precision.BFLOAT16));
        Pass actual = train(config, DataType.FLOAT32, false, false, 1, model -> model.optPrecision(Precision.BFLOAT16));
        assertEquals(expected.losses.total(), actual.losses.total(), 0.01 * expected.losses.total());
        expected.gradients.forEach((name, gradient) ->
                assertTrue(difference(gradient, actual.gradients.get(name)) < 0.1, name));
    }

    @Test
    void dropoutAndComputingAgainExcludeEachOther() {
        OlmoeModel.Builder builder = OlmoeModel.builder().setConfig(TestConfigs.small().optAttentionDropout(0.1f).build())
                .optActivationCheckpointing(true);
        assertTrue(assertThrows(InvalidInputException.class, builder::build).getMessage().contains("dropout"));
    }
}
