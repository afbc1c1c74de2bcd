package ai.spattention.olmoe.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.EasyTrain;
import ai.djl.training.ParameterStore;
import ai.djl.training.Trainer;
import ai.djl.training.dataset.Batch;
import ai.djl.translate.StackBatchifier;
import ai.spattention.Precision;
import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.TestConfigs;
import ai.spattention.olmoe.config.ConfigJson;
import ai.spattention.olmoe.config.OlmoeConfig;
import ai.spattention.olmoe.loss.OlmoeLoss;
import ai.spattention.olmoe.nn.TokenEmbedding;
import ai.spattention.segment.SegmentedBlock;
import ai.spattention.segment.SegmentedTrainer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The padding token's vector, as PyTorch's padding_idx has it: used, but not trained by the lookup. */
class PaddingTest {

    private static final int PAD = 3;
    private static final int DIM = 24;
    private static final int VOCABULARY = 19;
    private static final Shape SHAPE = new Shape(2, 9);

    @TempDir
    private Path folder;

    /** The gradients of the embedding and of an output matrix of its own (null where the two are one). */
    private record Gradients(float[] embedding, float[] output) {}

    private static Gradients train(Integer pad, boolean tied, boolean segmented, Precision precision, boolean again) {
        OlmoeConfig config = TestConfigs.small().optTieWordEmbeddings(tied).optPadTokenId(pad).build();
        OlmoeModel block = OlmoeModel.builder().setConfig(config).optPrecision(precision).optActivationCheckpointing(again).build();
        try (Model model = Model.newInstance("test", Device.cpu(), "PyTorch")) {
            model.setBlock(segmented ? new SegmentedBlock(block) : block);
            DefaultTrainingConfig training = new DefaultTrainingConfig(new OlmoeLoss(0.01, 0.001))
                    .optDevices(new Device[] {Device.cpu()});
            try (Trainer trainer = segmented ? new SegmentedTrainer(model, training) : model.newTrainer(training)) {
                trainer.initialize(SHAPE);
                Parameter embedding = block.getEmbedding().getWeight();
                Parameter output = block.getOutputWeight();
                Random random = new Random(1);
                float[] values = new float[VOCABULARY * DIM];
                for (int i = 0; i < values.length; i++) {
                    values[i] = (float) random.nextGaussian();
                }
                embedding.getArray().set(values);
                output.getArray().set(values);
                NDManager manager = trainer.getManager().newSubManager();
                long[] ids = new Random(2).longs(SHAPE.size(), 0, VOCABULARY).toArray();
                ids[4] = PAD;
                ids[8] = PAD;
                long[] targets = new Random(3).longs(SHAPE.size(), 0, VOCABULARY).toArray();
                targets[2] = PAD;
                try (Batch batch = new Batch(manager, new NDList(manager.create(ids, SHAPE)),
                        new NDList(manager.create(targets, SHAPE)), 2, new StackBatchifier(), new StackBatchifier(), 0, 1)) {
                    EasyTrain.trainBatch(trainer, batch);
                }
                return new Gradients(gradient(embedding), tied ? null : gradient(output));
            }
        }
    }

    private static float[] gradient(Parameter parameter) {
        try (NDArray gradient = parameter.getArray().getGradient()) {
            return gradient.toFloatArray();
        }
    }

    private static float[] row(float[] matrix, int row) {
        return Arrays.copyOfRange(matrix, row * DIM, (row + 1) * DIM);
    }

    @ParameterizedTest
    @CsvSource({"false, FLOAT32, false", "true, FLOAT32, false", "true, FLOAT32, true", "false, BFLOAT16, false",
        "true, BFLOAT16, false"})
    void theLookupTrainsEveryVectorButPadding(boolean segmented, Precision precision, boolean again) {
        Gradients plain = train(null, false, segmented, precision, again);
        assertTrue(norm(row(plain.embedding, PAD)) > 0.01, "else this would show nothing");
        Gradients padded = train(PAD, false, segmented, precision, again);
        float[] expected = plain.embedding.clone();
        Arrays.fill(expected, PAD * DIM, (PAD + 1) * DIM, 0);
        assertArrayEquals(expected, padded.embedding);
        assertArrayEquals(plain.output, padded.output);
        assertTrue(norm(row(padded.output, PAD)) > 0.01, "the output's row is trained like any other");
        assertArrayEquals(expected, train(PAD - VOCABULARY, false, segmented, precision, again).embedding, "from the end");
    }

    @ParameterizedTest
    @CsvSource({"false, FLOAT32, 1e-6", "true, FLOAT32, 1e-6", "true, BFLOAT16, 1e-2"})
    void aTiedOutputStillTrainsPadding(boolean segmented, Precision precision, float tolerance) {
        Gradients apart = train(PAD, false, segmented, precision, false);
        float[] expected = new float[VOCABULARY * DIM];
        for (int i = 0; i < expected.length; i++) {
            expected[i] = apart.embedding[i] + apart.output[i];
        }
        float[] tied = train(PAD, true, segmented, precision, false).embedding;
        assertArrayEquals(expected, tied, tolerance);
        assertArrayEquals(row(apart.output, PAD), row(tied, PAD), tolerance);
        assertTrue(norm(row(tied, PAD)) > 0.01);
    }

    private static double norm(float[] values) {
        double sum = 0;
        for (float value : values) {
            sum += value * value;
        }
        return Math.sqrt(sum);
    }

    @Test
    void paddingStartsAtZeroAndIsLookedUpLikeAnyOther() {
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            OlmoeModel plain = OlmoeModel.builder().setConfig(TestConfigs.small().build()).optSeed(7).build();
            OlmoeModel padded = OlmoeModel.builder().setConfig(TestConfigs.small().optPadTokenId(PAD).build()).optSeed(7).build();
            plain.initialize(manager, DataType.FLOAT32, SHAPE);
            padded.initialize(manager, DataType.FLOAT32, SHAPE);
            float[] expected = plain.getEmbedding().getWeight().getArray().toFloatArray();
            Arrays.fill(expected, PAD * DIM, (PAD + 1) * DIM, 0);
            NDArray vectors = padded.getEmbedding().getWeight().getArray();
            assertArrayEquals(expected, vectors.toFloatArray());
            assertArrayEquals(plain.getOutputWeight().getArray().toFloatArray(), padded.getOutputWeight().getArray().toFloatArray());
            vectors.set(new NDIndex("{}", PAD), 5);
            NDArray found = padded.getEmbedding().forward(new ParameterStore(manager, false),
                    new NDList(manager.create(new long[] {PAD, 0})), false).head();
            assertEquals(5, found.getFloat(0, 0));
            assertNotEquals(5, found.getFloat(1, 0));
        }
    }

    @Test
    void configurationsSayWhichTokenItIs() throws IOException {
        assertEquals(-1, TestConfigs.small().build().paddingIndex());
        assertEquals(18, TestConfigs.small().optPadTokenId(-1).build().paddingIndex());
        assertEquals("pad_token_id must lie in [-vocab_size, vocab_size), vocab_size = 19 (got 19)",
                assertThrows(InvalidInputException.class, () -> TestConfigs.small().optPadTokenId(19).build()).getMessage());
        assertThrows(InvalidInputException.class, () -> TestConfigs.small().optPadTokenId(-20).build());
        assertEquals("the padding index must lie in [0, 5), or be -1 for none (got 5)",
                assertThrows(InvalidInputException.class, () -> new TokenEmbedding(5, 2, 5)).getMessage());
        Path file = folder.resolve("config.json");
        String written = ConfigJson.write(TestConfigs.small().build(), "float32");
        Files.writeString(file, written);
        assertEquals(null, ConfigJson.read(file).padTokenId());
        Files.writeString(file, written.replace("  \"pad_token_id\" : null,\n", ""));
        assertEquals(1, ConfigJson.read(file).padTokenId(), "what transformers takes where the key is missing");
        Files.writeString(file, written.replace("\"pad_token_id\" : null", "\"pad_token_id\" : -2"));
        assertEquals(17, ConfigJson.read(file).paddingIndex());
    }
}
