package ai.spattention.olmoe.generate;

import static ai.spattention.olmoe.TestConfigs.small;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.config.LayerPatterns;
import ai.spattention.olmoe.config.OlmoeConfig;
import ai.spattention.olmoe.model.OlmoeModel;
import ai.spattention.pattern.LayoutLength;
import ai.spattention.pattern.Patterns;
import ai.spattention.pattern.StandardPattern;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class TextGeneratorTest {

    private final NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");

    @AfterEach
    void close() {
        manager.close();
    }

    private OlmoeModel model(OlmoeConfig config) {
        OlmoeModel model = OlmoeModel.builder().setConfig(config).optSeed(3).build();
        model.initialize(manager, DataType.FLOAT32, new Shape(1, 1));
        return model;
    }

    static Stream<Arguments> layouts() {
        return Stream.of(StandardPattern.values()).flatMap(pattern ->
                Stream.of(LayoutLength.SEQUENCE, LayoutLength.of(24)).map(layout -> Arguments.of(pattern, layout)));
    }

    @ParameterizedTest(name = "{0}, layout length {1}")
    @MethodSource("layouts")
    void cachedDecodingEqualsRecomputation(StandardPattern pattern, LayoutLength layout) {
        decodesAsRecomputed(small().setNumAttentionHeads(6).optNumKeyValueHeads(2).optPattern(pattern).optLayoutLength(layout).build());
    }

    private void decodesAsRecomputed(OlmoeConfig config) {
        OlmoeModel model = model(config);
        ParameterStore store = new ParameterStore(manager, false);
        long[] tokens = new Random(4).longs(30, 0, 19).toArray();
        try (CachedDecoder decoder = new CachedDecoder(model, store, manager)) {
            for (int length : new int[] {7, 8, 9, 13, 24, 25, 30}) {
                float[] cached = decoder.next(List.of(tokens), length)[0];
                NDArray ids = manager.create(Arrays.copyOf(tokens, length), new Shape(1, length));
                NDArray logits = model.forward(store, ids, false).logits().get(new NDIndex("0, -1"));
                assertArrayEquals(logits.toFloatArray(), cached, 2e-5f, "after " + length + " tokens");
            }
        }
    }

    @ParameterizedTest(name = "{0}, layout length {1}")
    @CsvSource(delimiter = '|', value = {"lsh:2:4 | 24", "lsh:2:4 | sequence", "[causal, lsh:1:4] | 24", "[causal, sp] | sequence",
        "bigbird-random | sequence", "bigbird-random | 24", "longformer-dilated | 24"})
    void cachedDecodingEqualsRecomputationWhateverTheLayers(String patterns, String layout) {
        decodesAsRecomputed(small().optPatterns(LayerPatterns.parse(patterns, Patterns.onClassPath()))
                .optLayoutLength(LayoutLength.parse(layout)).build());
    }

    @ParameterizedTest(name = "{0}, layout length {1}")
    @MethodSource("layouts")
    void promptsOfDifferentLengthsTogetherGetWhatEachGetsAlone(StandardPattern pattern, LayoutLength layout) {
        OlmoeModel model = model(small().setNumAttentionHeads(6).optNumKeyValueHeads(2).optPattern(pattern).optLayoutLength(layout).build());
        List<long[]> prompts = Stream.of(5, 1, 9, 5, 22, 2)
                .map(length -> new Random(length + 6).longs(length, 0, 19).toArray()).toList();
        TextGenerator generator = TextGenerator.builder().setModel(model, manager).optMaxNewTokens(7).optEndTokens(3, 8).build();
        List<long[]> together = generator.generate(prompts);
        for (int i = 0; i < prompts.size(); i++) {
            assertArrayEquals(generator.generate(prompts.get(i)), together.get(i), "prompt " + i);
        }
    }

    @Test
    void eachPromptOfABatchHasItsOwnEnd() {
        OlmoeModel model = model(small().optLayoutLength(LayoutLength.of(32)).build()); // at most 64 tokens
        TextGenerator generator = TextGenerator.builder().setModel(model, manager).optMaxNewTokens(4).build();
        List<long[]> prompts = List.of(new long[63], new long[1], new long[62]);
        assertEquals(List.of(1, 4, 2), generator.generate(prompts).stream().map(drawn -> drawn.length).toList());
        assertEquals(List.of(), generator.generate(List.of()));
        assertEquals("a prompt must have from 1 to 63 tokens, one less than the model's maximum length (got 0)",
                assertThrows(InvalidInputException.class, () -> generator.generate(List.of(new long[1], new long[0]))).getMessage());
    }

    @Test
    void eachPromptOfABatchHasTheSeed() {
        OlmoeModel model = model(small().optLayoutLength(LayoutLength.of(32)).build());
        TextGenerator generator = TextGenerator.builder().setModel(model, manager).optMaxNewTokens(9)
                .optSampling(new Sampling(1, 0, 1, 1)).build();
        List<long[]> twice = generator.generate(List.of(new long[] {5}, new long[] {4, 2}, new long[] {5}));
        assertArrayEquals(generator.generate(5), twice.get(0));
        assertArrayEquals(generator.generate(5), twice.get(2));
    }

    @Test
    void greedyTakesTheLikeliestEachTime() {
        OlmoeModel model = model(small().optLayoutLength(LayoutLength.of(32)).build());
        List<Long> heard = new ArrayList<>();
        long[] generated = TextGenerator.builder().setModel(model, manager).optMaxNewTokens(6).build()
                .generate(heard::add, 1, 2, 3);
        long[] tokens = {1, 2, 3, 0, 0, 0, 0, 0, 0};
        for (int length = 3; length < tokens.length; length++) {
            NDArray ids = manager.create(Arrays.copyOf(tokens, length), new Shape(1, length));
            tokens[length] = model.forward(new ParameterStore(manager, false), ids, false).logits()
                    .get(new NDIndex("0, -1")).argMax().getLong();
        }
        assertArrayEquals(Arrays.copyOfRange(tokens, 3, 9), generated);
        assertArrayEquals(generated, heard.stream().mapToLong(i -> i).toArray());
    }

    @Test
    void theSeedFixesTheText() {
        OlmoeModel model = model(small().optLayoutLength(LayoutLength.of(32)).build());
        TextGenerator.Builder builder = TextGenerator.builder().setModel(model, manager).optMaxNewTokens(20);
        long[] first = builder.optSampling(new Sampling(1, 0, 1, 1)).build().generate(5);
        assertArrayEquals(first, builder.optSampling(new Sampling(1, 0, 1, 1)).build().generate(5));
        assertFalse(Arrays.equals(first, builder.optSampling(new Sampling(1, 0, 1, 2)).build().generate(5)));
    }

    @Test
    void stopsAtAnEndToken() {
        OlmoeModel model = model(small().optLayoutLength(LayoutLength.of(32)).build());
        TextGenerator.Builder builder = TextGenerator.builder().setModel(model, manager)
                .optMaxNewTokens(20).optSampling(new Sampling(1, 0, 1, 1));
        long[] free = builder.build().generate(5);
        long end = free[4];
        int first = 0;
        while (free[first] != end) {
            first++;
        }
        assertArrayEquals(Arrays.copyOf(free, first), builder.optEndTokens(end, 99).build().generate(5));
    }

    @Test
    void stopsAtTheMaximumLength() {
        OlmoeModel model = model(small().build()); // at most 64 tokens
        TextGenerator generator = TextGenerator.builder().setModel(model, manager).build();
        assertEquals(2, generator.generate(new long[62]).length);
        assertEquals("a prompt must have from 1 to 63 tokens, one less than the model's maximum length (got 64)",
                assertThrows(InvalidInputException.class, () -> generator.generate(new long[64])).getMessage());
        assertEquals("a prompt must have from 1 to 63 tokens, one less than the model's maximum length (got 0)",
                assertThrows(InvalidInputException.class, () -> generator.generate()).getMessage());
        assertEquals("token ids must lie in [0, 19), the model's vocabulary (got 19 at place 1)",
                assertThrows(InvalidInputException.class, () -> generator.generate(3, 19)).getMessage());
    }

    /** 2^31 tokens of 8 bytes would not fit. */
    @Test
    void memoryGrowsWithWhatIsDrawn() {
        OlmoeModel model = model(small().setMaxPositionEmbeddings(Integer.MAX_VALUE).optLayoutLength(LayoutLength.of(32)).build());
        TextGenerator.Builder builder = TextGenerator.builder().setModel(model, manager).optSampling(new Sampling(1, 0, 1, 1));
        long[] first = builder.optMaxNewTokens(70).build().generate(5); // more than the first array holds
        int end = 69;
        for (int i = 69; i >= 0; i--) {
            end = first[i] == first[69] ? i : end;
        }
        assertArrayEquals(Arrays.copyOf(first, end), builder.optMaxNewTokens(Integer.MAX_VALUE).optEndTokens(first[69]).build()
                .generate(5));
    }

    /** Each token's arrays are freed: what the manager holds after many tokens is what it held after few. */
    @Test
    void keepsNothing() {
        OlmoeModel model = model(small().optLayoutLength(LayoutLength.of(32)).build());
        TextGenerator generator = TextGenerator.builder().setModel(model, manager).optMaxNewTokens(3).build();
        generator.generate(5);
        int before = manager.getManagedArrays().size();
        generator.generate(5);
        assertEquals(before, manager.getManagedArrays().size());
    }
}
