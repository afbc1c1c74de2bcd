package ai.spattention.olmoe.checkpoint;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.TestConfigs;
import ai.spattention.olmoe.config.OlmoeConfig;
import ai.spattention.olmoe.model.OlmoeModel;
import ai.spattention.olmoe.safetensors.TensorType;
import ai.spattention.pattern.AttentionPattern;
import ai.spattention.pattern.Band;
import ai.spattention.pattern.HeadMask;
import ai.spattention.pattern.Patterns;
import ai.spattention.pattern.StandardPattern;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Models with a pattern that is not one of the standard ones, saved and loaded. */
class OwnPatternTest {

    @TempDir
    private Path folder;

    private static AttentionPattern named(String name) {
        return new AttentionPattern() {
            @Override
            public String patternName() {
                return name;
            }

            @Override
            public HeadMask headMask(int head, int numHeads, int layoutLength) {
                return HeadMask.ofBands(new Band(0, 1), new Band(head + 1, 2 * head + 3));
            }
        };
    }

    private static OlmoeModel model(NDManager manager, AttentionPattern pattern) {
        OlmoeConfig config = TestConfigs.small().optPattern(pattern).build();
        OlmoeModel model = OlmoeModel.builder().setConfig(config).optSeed(4).build();
        model.initialize(manager, DataType.FLOAT32, new Shape(1, 8));
        return model;
    }

    private static float[] logits(NDManager manager, OlmoeModel model) {
        NDArray ids = TestConfigs.ids(manager, new int[][] {{3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8}});
        return model.forward(new ParameterStore(manager, false), ids, false).logits().toFloatArray();
    }

    @Test
    void aModelFolderIsReadBackWithThePatternThatIsPassed() throws IOException {
        AttentionPattern near = named("near-and-own");
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            OlmoeModel model = model(manager, near);
            float[] expected = logits(manager, model);
            Path saved = folder.resolve("model");
            HuggingFaceFolder.save(model, saved, TensorType.F32, HuggingFaceFolder.DEFAULT_SHARD_BYTES);
            OlmoeModel loaded = HuggingFaceFolder.load(saved, manager, Patterns.onClassPath().with(near), UnaryOperator.identity(),
                    options -> options);
            assertSame(near, loaded.getConfig().patterns().of(0));
            assertArrayEquals(expected, logits(manager, loaded));
            assertFalse(Arrays.equals(expected, logits(manager, HuggingFaceFolder.load(saved, manager, Patterns.onClassPath().with(near),
                    config -> config.withAttention(StandardPattern.SP, config.layoutLength()), options -> options))));
            String message = assertThrows(InvalidInputException.class, () -> HuggingFaceFolder.load(saved, manager)).getMessage();
            assertTrue(message.startsWith(saved.resolve("config.json") + ": unknown attention pattern 'near-and-own': choose one of")
                    && message.contains("META-INF/services/ai.spattention.pattern.AttentionPattern"), message);
        }
    }

    @Test
    void aModelOfDjlIsReadBackIntoABlockWithThePattern() throws IOException, MalformedModelException {
        try (Model written = Model.newInstance("own", Device.cpu(), "PyTorch");
                Model read = Model.newInstance("own", Device.cpu(), "PyTorch");
                Model other = Model.newInstance("own", Device.cpu(), "PyTorch")) {
            OlmoeModel model = model(written.getNDManager(), named("near-and-own"));
            written.setBlock(model);
            written.save(folder, "own");
            OlmoeModel loaded = OlmoeModel.builder().setConfig(TestConfigs.small().optPattern(named("near-and-own")).build()).build();
            read.setBlock(loaded);
            read.load(folder, "own");
            assertArrayEquals(logits(written.getNDManager(), model), logits(read.getNDManager(), loaded));
            other.setBlock(OlmoeModel.builder().setConfig(TestConfigs.small().optPattern(named("another")).build()).build());
            String message = assertThrows(MalformedModelException.class, () -> other.load(folder, "own")).getMessage();
            assertEquals("the saved model has \"attention_pattern\" : \"near-and-own\", this one has \"attention_pattern\" : \"another\"",
                    message);
        }
    }

    @Test
    void aModelCannotBeSavedUnderAStandardPatternsName() {
        String message = assertThrows(InvalidInputException.class,
                () -> TestConfigs.small().optPattern(named("sp")).build()).getMessage();
        assertTrue(message.contains(" calls itself 'sp', which is a standard pattern's name"), message);
    }
}
