package ai.spattention.eval;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import ai.spattention.Precision;
import ai.spattention.olmoe.config.OlmoeConfig;
import ai.spattention.olmoe.loss.LanguageModelLoss;
import ai.spattention.olmoe.model.OlmoeModel;
import ai.spattention.pattern.StandardPattern;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The loss over batches against the sum over single sequences of -log softmax(logits)[target], in Java's doubles. */
class CorpusLossTest {

    private static final int VOCABULARY = 19;
    private static final int LENGTH = 9;

    private NDManager manager;
    private OlmoeModel model;

    @BeforeEach
    void open() {
        manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
        model = OlmoeModel.builder().setConfig(OlmoeConfig.builder().setVocabSize(VOCABULARY).setHiddenSize(24).setIntermediateSize(10)
                .setNumHiddenLayers(2).setNumAttentionHeads(4).setNumExperts(5).setNumExpertsPerTok(2).setMaxPositionEmbeddings(64)
                .optInitializerRange(0.2f).optPattern(StandardPattern.SP).build()).optSeed(5).build();
        model.initialize(manager, DataType.FLOAT32, new Shape(1, LENGTH));
    }

    @AfterEach
    void close() {
        manager.close();
    }

    @Test
    void agreesWithThePlainSum() {
        long[] inputs = ids(4, 1);
        long[] targets = ids(4, 2);
        CorpusLoss loss = new CorpusLoss(model, manager);
        loss.add(4, LENGTH, inputs, targets);
        double expected = plain(inputs, targets) / inputs.length;
        assertEquals(4 * LENGTH, loss.tokens());
        assertEquals(expected, loss.mean(), 1e-5);
        assertEquals(Math.exp(expected), loss.perplexity(), 1e-4);
        assertTrue(Math.abs(expected - Math.log(VOCABULARY)) > 1e-3, "the model tells tokens apart");
    }

    /** Where one slice is enough, the very numbers of all logits at once; else those up to rounding. */
    @ParameterizedTest
    @CsvSource({"FLOAT32, false, 1e-6", "FLOAT32, true, 1e-6", "BFLOAT16, false, 1e-3", "BFLOAT16, true, 1e-3"})
    void slicesGiveTheLossOfAllLogits(Precision precision, boolean packed, double tolerance) {
        OlmoeModel block = OlmoeModel.builder().setConfig(model.getConfig()).optSeed(5).optPrecision(precision).build();
        block.initialize(manager, DataType.FLOAT32, new Shape(4, LENGTH));
        long[] inputs = ids(4, 1);
        long[] targets = ids(4, 2);
        long[] documents = new long[inputs.length];
        for (int i = 0; i < documents.length; i++) {
            documents[i] = i % LENGTH / 4;
        }
        NDList data = new NDList(manager.create(inputs, new Shape(4, LENGTH)));
        if (packed) {
            data.add(manager.create(documents, new Shape(4, LENGTH)));
        }
        NDArray logits = block.forward(new ParameterStore(manager, false), data, false).head();
        float expected = LanguageModelLoss.ofTargets(logits, manager.create(targets, new Shape(4, LENGTH))).getFloat();
        CorpusLoss whole = new CorpusLoss(block, manager);
        whole.add(4, LENGTH, inputs, targets, packed ? documents : null);
        assertEquals(expected, whole.mean(), 1e-15);
        for (int sliceTokens : new int[] {1, 5, 35, 36}) {
            CorpusLoss sliced = new CorpusLoss(block, manager, sliceTokens);
            sliced.add(4, LENGTH, inputs, targets, packed ? documents : null);
            assertEquals(expected, sliced.mean(), tolerance * expected, sliceTokens + " tokens a slice");
            assertEquals(4 * LENGTH, sliced.tokens());
        }
    }

    /** A token counts the same in a small last batch as in a full one. */
    @Test
    void batchesCountByTheirTokens() {
        long[] inputs = ids(5, 3);
        long[] targets = ids(5, 4);
        CorpusLoss whole = new CorpusLoss(model, manager);
        whole.add(5, LENGTH, inputs, targets);
        CorpusLoss parts = new CorpusLoss(model, manager);
        for (int[] part : new int[][] {{0, 3}, {3, 4}, {4, 5}}) {
            parts.add(part[1] - part[0], LENGTH, Arrays.copyOfRange(inputs, part[0] * LENGTH, part[1] * LENGTH),
                    Arrays.copyOfRange(targets, part[0] * LENGTH, part[1] * LENGTH));
        }
        assertEquals(whole.tokens(), parts.tokens());
        assertEquals(whole.mean(), parts.mean(), 1e-6);
    }

    /** Sequences of different lengths, one token long included. */
    @Test
    void sequencesCountByTheirTokens() {
        long[] inputs = ids(1, 5);
        long[] targets = ids(1, 6);
        CorpusLoss loss = new CorpusLoss(model, manager);
        loss.add(1, LENGTH, inputs, targets);
        loss.add(1, 1, new long[] {7}, new long[] {3});
        double expected = (plain(inputs, targets) + plain(new long[] {7}, new long[] {3})) / (LENGTH + 1);
        assertEquals(expected, loss.mean(), 1e-5);
    }

    @Test
    void withoutABatchThereIsNoMean() {
        CorpusLoss loss = new CorpusLoss(model, manager);
        assertEquals(0, loss.tokens());
        assertTrue(Double.isNaN(loss.mean()));
        assertTrue(Double.isNaN(loss.perplexity()));
    }

    /** A validation of thousands of batches must not fill the device. */
    @Test
    void noArrayStaysBehind() {
        CorpusLoss loss = new CorpusLoss(model, manager);
        loss.add(2, LENGTH, ids(2, 7), ids(2, 8));
        int before = manager.getManagedArrays().size();
        for (int i = 0; i < 5; i++) {
            loss.add(2, LENGTH, ids(2, i), ids(2, 8));
        }
        assertEquals(before, manager.getManagedArrays().size());
    }

    private static long[] ids(int sequences, long seed) {
        return new Random(seed).ints((long) sequences * LENGTH, 0, VOCABULARY).asLongStream().toArray();
    }

    private double plain(long[] inputs, long[] targets) {
        int length = Math.min(LENGTH, inputs.length);
        double nats = 0;
        for (int from = 0; from < inputs.length; from += length) {
            try (NDManager scope = manager.newSubManager()) {
                NDArray ids = scope.create(Arrays.copyOfRange(inputs, from, from + length), new Shape(1, length));
                float[] logits = model.forward(new ParameterStore(scope, false), ids, false).logits().toFloatArray();
                for (int i = 0; i < length; i++) {
                    double sum = 0;
                    for (int id = 0; id < VOCABULARY; id++) {
                        sum += Math.exp(logits[i * VOCABULARY + id]);
                    }
                    nats += Math.log(sum) - logits[i * VOCABULARY + (int) targets[from + i]];
                }
            }
        }
        return nats;
    }
}
