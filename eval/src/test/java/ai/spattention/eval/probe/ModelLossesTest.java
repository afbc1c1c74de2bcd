package ai.spattention.eval.probe;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import ai.spattention.Precision;
import ai.spattention.common.InvalidInputException;
import ai.spattention.eval.CorpusLoss;
import ai.spattention.olmoe.config.OlmoeConfig;
import ai.spattention.olmoe.model.OlmoeModel;
import ai.spattention.pattern.LayoutLength;
import ai.spattention.pattern.StandardPattern;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The losses of single tokens against log Σ exp(logits) - logits[target] in Java's doubles. */
class ModelLossesTest {

    private static final int VOCABULARY = 23;
    private static final int LENGTH = 11;
    private static final int EOS = 3;

    private NDManager manager;
    private OlmoeModel model;

    @BeforeEach
    void open() {
        manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
        model = OlmoeModel.builder().setConfig(OlmoeConfig.builder().setVocabSize(VOCABULARY).setHiddenSize(24).setIntermediateSize(10)
                .setNumHiddenLayers(2).setNumAttentionHeads(4).setNumExperts(5).setNumExpertsPerTok(2).setMaxPositionEmbeddings(64)
                .optInitializerRange(0.3f).optPattern(StandardPattern.SP).optLayoutLength(LayoutLength.of(40)).build()).optSeed(5).build();
        model.initialize(manager, DataType.FLOAT32, new Shape(1, LENGTH));
    }

    @AfterEach
    void close() {
        manager.close();
    }

    private static List<TokenWindow> windows(int count, boolean documents) {
        Random random = new Random(7);
        return IntStream.range(0, count).mapToObj(i -> random.ints(LENGTH + 1L, 0, VOCABULARY).map(id -> id % 5 == 4 ? EOS : id)
                .asLongStream().toArray()).map(ids -> documents ? TokenWindow.ofDocuments(ids, EOS) : TokenWindow.of(ids)).toList();
    }

    private float[] plain(OlmoeModel asked, TokenWindow window) {
        try (NDManager scope = manager.newSubManager()) {
            NDList data = new NDList(scope.create(window.inputs(), new Shape(1, LENGTH)));
            if (window.hasDocuments()) {
                data.add(scope.create(window.documents(), new Shape(1, LENGTH)));
            }
            NDArray logits = asked.forward(new ParameterStore(scope, false), data, false).head();
            float[] values = logits.toFloatArray();
            float[] losses = new float[LENGTH];
            for (int i = 0; i < LENGTH; i++) {
                double sum = 0;
                for (int id = 0; id < VOCABULARY; id++) {
                    sum += Math.exp(values[i * VOCABULARY + id]);
                }
                losses[i] = (float) (Math.log(sum) - values[i * VOCABULARY + (int) window.target(i)]);
            }
            return losses;
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void agreesWithThePlainSum(boolean documents) {
        List<TokenWindow> windows = windows(3, documents);
        for (int sliceTokens : new int[] {1, 7, 33, 1000}) {
            List<float[]> losses = new ModelLosses(model, manager, sliceTokens).of(windows);
            for (int i = 0; i < windows.size(); i++) {
                assertArrayEquals(plain(model, windows.get(i)), losses.get(i), 1e-5f, sliceTokens + " tokens a slice, window " + i);
            }
        }
    }

    /** Also where products are in bfloat16: the numbers of the same model's logits. */
    @Test
    void precisionIsTheModels() {
        OlmoeModel rounded = OlmoeModel.builder().setConfig(model.getConfig()).optSeed(5).optPrecision(Precision.BFLOAT16).build();
        rounded.initialize(manager, DataType.FLOAT32, new Shape(1, LENGTH));
        List<TokenWindow> windows = windows(1, true);
        assertArrayEquals(plain(rounded, windows.get(0)), new ModelLosses(rounded, manager).of(windows).get(0), 2e-2f);
        OlmoeModel seen = rounded.withLayoutLength(LayoutLength.SEQUENCE);
        assertArrayEquals(plain(seen, windows.get(0)), new ModelLosses(seen, manager).of(windows).get(0), 2e-2f);
    }

    @Test
    void theirMeanIsTheLossOfTheCorpus() {
        List<TokenWindow> windows = windows(4, true);
        CorpusLoss corpus = new CorpusLoss(model, manager);
        double sum = 0;
        for (TokenWindow window : windows) {
            corpus.add(1, LENGTH, window.inputs(), window.targets(), window.documents());
        }
        for (float[] losses : new ModelLosses(model, manager).of(windows)) {
            sum += IntStream.range(0, LENGTH).mapToDouble(i -> losses[i]).sum();
        }
        assertEquals(corpus.mean(), sum / corpus.tokens(), 1e-6);
    }

    /** Only wanted positions meet the vocabulary, with the numbers that they have among all. */
    @Test
    void whatIsNotWantedIsNoNumber() {
        List<TokenWindow> windows = windows(2, false);
        List<float[]> all = new ModelLosses(model, manager).of(windows);
        List<float[]> some = new ModelLosses(model, manager, 3).of(windows.stream()
                .map(window -> window.only(new int[] {1, 3}, new int[] {6, 10})).toList());
        for (int i = 0; i < 2; i++) {
            for (int position = 0; position < LENGTH; position++) {
                boolean wanted = position >= 1 && position < 3 || position >= 6 && position < 10;
                assertEquals(wanted ? all.get(i)[position] : Float.NaN, some.get(i)[position], 1e-6f);
            }
        }
        assertEquals(0, IntStream.range(0, LENGTH)
                .filter(i -> !Float.isNaN(new ModelLosses(model, manager).of(List.of(windows.get(0).only())).get(0)[i])).count());
    }

    /** The same parameters with another layout give what a model gives that was made with it. */
    @Test
    void aLayoutIsThatOfAModelMadeWithIt() {
        OlmoeModel made = OlmoeModel.builder().setConfig(model.getConfig().withAttention(StandardPattern.SP, LayoutLength.SEQUENCE))
                .optSeed(5).build();
        made.initialize(manager, DataType.FLOAT32, new Shape(1, LENGTH));
        List<TokenWindow> windows = windows(2, false);
        float[] own = new ModelLosses(model, manager).of(windows).get(1);
        OlmoeModel seen = model.withLayoutLength(LayoutLength.SEQUENCE);
        float[] other = new ModelLosses(seen, manager).of(windows).get(1);
        assertArrayEquals(plain(made, windows.get(1)), other, 1e-5f);
        assertTrue(IntStream.range(0, LENGTH).anyMatch(i -> Math.abs(own[i] - other[i]) > 1e-3), "the layout matters");
        assertEquals(LayoutLength.SEQUENCE, seen.getConfig().layoutLength());
        assertSame(model, model.withLayoutLength(LayoutLength.of(40)));
        for (int layer = 0; layer < 2; layer++) {
            assertSame(model.getLayers().get(0).getAttention().getRotaryEmbedding(),
                    seen.getLayers().get(layer).getAttention().getRotaryEmbedding(), "its tables are memory for good");
        }
        model.getOutputWeight().getArray().muli(0); // in place, as an optimizer does
        assertEquals(Math.log(VOCABULARY), new ModelLosses(seen, manager).of(windows).get(0)[4], 1e-5);
    }

    @Test
    void aModelWithoutNumbersIsRefused() {
        model.getOutputWeight().getArray().muli(Float.NaN);
        String message = assertThrows(InvalidInputException.class, () -> new ModelLosses(model, manager).of(windows(1, false)))
                .getMessage();
        assertTrue(message.startsWith("the model gives no number for a token's loss (got NaN)"), message);
    }

    /** Long probing must not fill the device. */
    @Test
    void noArrayStaysBehind() {
        ModelLosses losses = new ModelLosses(model, manager, 5);
        losses.of(windows(2, true));
        List<Integer> counts = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            losses.of(windows(2, i % 2 == 0));
            new ModelLosses(model.withLayoutLength(LayoutLength.SEQUENCE), manager).of(windows(2, false));
            counts.add(manager.getManagedArrays().size());
        }
        assertEquals(1, counts.stream().distinct().count(), counts.toString());
    }
}
