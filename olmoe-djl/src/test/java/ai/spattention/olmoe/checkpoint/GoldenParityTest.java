package ai.spattention.olmoe.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.training.GradientCollector;
import ai.djl.training.ParameterStore;
import ai.spattention.attention.AttentionKernel;
import ai.spattention.attention.auto.AutoKernel;
import ai.spattention.attention.engine.MaskedKernel;
import ai.spattention.attention.engine.TiledKernel;
import ai.spattention.olmoe.SharedFiles;
import ai.spattention.olmoe.loss.LanguageModelLoss;
import ai.spattention.olmoe.loss.LossParts;
import ai.spattention.olmoe.loss.OlmoeLoss;
import ai.spattention.olmoe.model.OlmoeModel;
import ai.spattention.olmoe.safetensors.SafetensorsFile;
import ai.spattention.pattern.LayoutLength;
import ai.spattention.pattern.StandardPattern;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Models made by Hugging Face transformers: logits, losses and gradients as recorded there. */
class GoldenParityTest {

    private static final ObjectMapper JSON = new ObjectMapper();

    /** The project's own, which lies with its tests: 4 heads share 2 keys and values. How it was made: golden.py there. */
    private static final Path OWN = Path.of("src", "test", "resources", "ai", "spattention", "olmoe", "golden");

    static Stream<Arguments> own() throws IOException {
        List<String> names = new ArrayList<>();
        JSON.readTree(OWN.resolve("golden.json").toFile()).get("patterns").fieldNames().forEachRemaining(names::add);
        return cases(names.stream().map(StandardPattern::of));
    }

    static Stream<Arguments> shared() {
        // whoever made the fixture knew the authors' patterns only
        return cases(Stream.of(StandardPattern.values()).filter(pattern -> pattern != StandardPattern.WINDOW));
    }

    private static Stream<Arguments> cases(Stream<StandardPattern> patterns) {
        return patterns.flatMap(pattern -> Stream.of(new MaskedKernel(), new TiledKernel(), new AutoKernel())
                .map(kernel -> Arguments.of(pattern.patternName(), kernel.name(), pattern, kernel)));
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("own")
    void equalsTransformers(String name, String kernelName, StandardPattern pattern, AttentionKernel kernel) throws IOException {
        compare(OWN, name, pattern, kernel);
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("shared")
    void equalsTheSharedRecording(String name, String kernelName, StandardPattern pattern, AttentionKernel kernel) throws IOException {
        compare(SharedFiles.find("fixtures/tiny-a"), name, pattern, kernel);
    }

    private static void compare(Path folder, String name, StandardPattern pattern, AttentionKernel kernel) throws IOException {
        JsonNode numbers = JSON.readTree(folder.resolve("golden.json").toFile()).get("patterns").get(name);
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
                SafetensorsFile golden = SafetensorsFile.open(folder.resolve("golden.safetensors"));
                GradientCollector collector = Engine.getEngine("PyTorch").newGradientCollector()) {
            OlmoeModel model = HuggingFaceFolder.load(folder, manager,
                    config -> config.withAttention(pattern, LayoutLength.SEQUENCE), options -> options.optKernel(kernel));
            NDArray inputIds = golden.read(manager, "input_ids");
            ParameterStore store = new ParameterStore(manager, false);

            NDArray expected = golden.read(manager, name + ".logits");
            assertClose(expected, model.forward(store, inputIds, false).logits(), 2e-5, "logits");

            LossParts parts = new OlmoeLoss(model.getConfig().routerAuxLossCoef(), 0)
                    .compute(LanguageModelLoss.nextTokens(inputIds), model.forward(store, inputIds, true));
            assertEquals(numbers.get("loss_lm").doubleValue(), parts.languageModel().getFloat(), 2e-5);
            assertEquals(numbers.get("loss_aux").doubleValue(), parts.loadBalancing().getFloat(), 2e-5);
            assertEquals(numbers.get("loss_total").doubleValue(), parts.total().getFloat(), 2e-5);
            collector.backward(parts.total());
            int compared = 0;
            for (TensorSlot slot : stacked(model)) {
                NDArray gradient = slot.of(slot.parameter().getArray().getGradient());
                double norm = numbers.get("grad_norm").get(slot.name()).doubleValue();
                assertEquals(norm, gradient.norm().getFloat(), 2e-4 * norm, slot.name());
                String key = name + ".grad." + slot.name();
                if (golden.names().contains(key)) {
                    assertClose(golden.read(manager, key), gradient, 2e-4, key);
                    compared++;
                }
            }
            long recorded = golden.names().stream().filter(key -> key.startsWith(name + ".grad.")).count();
            assertEquals(recorded, compared);
        }
    }

    /** The parameters as the recording names them: experts stacked. */
    private static List<TensorSlot> stacked(OlmoeModel model) {
        List<TensorSlot> slots = new ArrayList<>(HuggingFaceNames.of(model));
        slots.removeIf(slot -> !slot.isWhole());
        for (int layer = 0; layer < model.getConfig().numHiddenLayers(); layer++) {
            slots.addAll(HuggingFaceNames.stackedExperts(model, layer));
        }
        return slots;
    }

    private static void assertClose(NDArray expected, NDArray actual, double tolerance, String what) {
        assertEquals(expected.getShape(), actual.getShape(), what);
        double error = actual.sub(expected).norm().getFloat() / expected.norm().getFloat();
        assertTrue(error <= tolerance, what + ": relative error " + error);
    }
}
