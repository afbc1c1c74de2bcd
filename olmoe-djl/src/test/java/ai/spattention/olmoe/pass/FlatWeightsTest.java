package ai.spattention.olmoe.pass;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import ai.djl.util.Pair;
import ai.spattention.Precision;
import ai.spattention.cuda.TensorView;
import ai.spattention.cuda.TorchTensors;
import ai.spattention.olmoe.TestConfigs;
import ai.spattention.olmoe.checkpoint.HuggingFaceFolder;
import ai.spattention.olmoe.checkpoint.ParameterValues;
import ai.spattention.olmoe.config.OlmoeConfig;
import ai.spattention.olmoe.generate.TextGenerator;
import ai.spattention.olmoe.model.OlmoeModel;
import ai.spattention.olmoe.model.OlmoeOutput;
import ai.spattention.olmoe.safetensors.TensorType;
import ai.spattention.torch.Bfloat16;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FlatWeightsTest {

    private static final long[] IDS = {3, 1, 18, 0, 7, 7, 2, 11, 5, 16};

    private static OlmoeModel model(NDManager manager, OlmoeConfig config) {
        OlmoeModel model = OlmoeModel.builder().setConfig(config).optPrecision(Precision.BFLOAT16).optSeed(3).build();
        model.initialize(manager, DataType.FLOAT32, new Shape(1, 4));
        return model;
    }

    private static Map<String, float[]> values(OlmoeModel model, ParameterValues values) {
        Map<String, float[]> all = new TreeMap<>();
        for (Pair<String, Parameter> named : model.getParameters()) {
            try (NDArray array = values.read(named.getValue())) {
                assertEquals(named.getValue().getShape(), array.getShape());
                all.put(named.getKey(), array.toFloatArray());
            }
        }
        return all;
    }

    private static void assertSameBits(Map<String, float[]> expected, Map<String, float[]> actual) {
        assertEquals(expected.keySet(), actual.keySet());
        expected.forEach((name, floats) -> assertArrayEquals(bits(floats), bits(actual.get(name)), name));
    }

    private static int[] bits(float[] floats) {
        int[] bits = new int[floats.length];
        Arrays.setAll(bits, i -> Float.floatToRawIntBits(floats[i]));
        return bits;
    }

    /** Any bits: subnormal, infinite, the largest, no number. */
    @Property(tries = 300)
    void halvesAreExactAndTheUpperOneIsRoundedToBfloat16(@ForAll @Size(min = 1, max = 60) int[] drawn) {
        int[] bits = Arrays.copyOf(drawn, drawn.length + 10);
        int[] special = {0, 0x80000000, 1, 0x80000001, 0x007fffff, 0x7f7fffff, 0xff7fffff, 0x3f808000, 0xbf808000, 0x7f800000};
        System.arraycopy(special, 0, bits, drawn.length, special.length);
        float[] floats = new float[bits.length];
        for (int i = 0; i < bits.length; i++) {
            floats[i] = Float.intBitsToFloat(bits[i]);
        }
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            NDArray high = TorchTensors.empty(manager, TensorView.Type.BFLOAT16, -1, new long[] {bits.length}, 0);
            NDArray low = TorchTensors.empty(manager, TensorView.Type.INT16, -1, new long[] {bits.length}, 0);
            Halves.split(manager.create(floats), high, low);
            float[] rounded = Bfloat16.toFloat32(high).toFloatArray();
            for (int i = 0; i < bits.length; i++) {
                if (!Float.isNaN(floats[i])) {
                    int expected = (Float.floatToRawIntBits(floats[i]) + 0x8000) & 0xffff0000;
                    assertEquals(expected, Float.floatToRawIntBits(rounded[i]), "the upper half of " + floats[i]);
                }
            }
            NDArray joined = manager.zeros(new Shape(bits.length));
            Halves.join(high, low, joined);
            assertArrayEquals(bits, bits(joined.toFloatArray()));
        }
    }

    @Test
    void everySectionIsOneRangeWithoutOverlap() {
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            OlmoeModel model = model(manager, TestConfigs.small().build());
            FlatWeights weights = FlatWeights.of(model, manager);
            assertEquals(List.of("matrices", "routers", "norms"), weights.sections().stream().map(Object::toString).toList());
            assertEquals(List.of(true, true, false), weights.sections().stream().map(FlatWeights.Section::decays).toList());
            assertEquals(List.of(true, false, false), weights.sections().stream().map(FlatWeights.Section::isSplit).toList());
            Map<FlatWeights.Section, Long> used = new HashMap<>();
            for (Pair<String, Parameter> named : model.getParameters()) {
                Parameter parameter = named.getValue();
                FlatWeights.Section section = weights.section(parameter);
                String name = named.getKey();
                assertEquals(name.contains("outer") || name.contains("Norm") ? name.contains("outer") ? "routers" : "norms" : "matrices",
                        section.toString(), name);
                long padded = (parameter.getShape().size() + 63) / 64 * 64;
                used.merge(section, padded, Long::sum);
                long begin = weights.gradient(parameter, parameter.getShape().getShape()).address() - section.gradients().address();
                assertEquals(0, begin % 256, "parameters begin where kernels can read lines");
                assertTrue(begin >= 0 && begin / 4 + parameter.getShape().size() <= section.elements());
            }
            used.forEach((section, elements) -> assertEquals(elements, section.elements(), "no parameter lies on another: " + section));
        }
    }

    @Test
    void adoptedParametersAreViewsWhoseExactValuesStay() {
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            OlmoeModel model = model(manager, TestConfigs.small().optTieWordEmbeddings(true).build());
            Map<String, float[]> before = values(model, ParameterValues.PLAIN);
            List<NDArray> arrays = model.getParameters().values().stream().map(Parameter::getArray).toList();
            FlatWeights weights = FlatWeights.of(model, manager);
            weights.adopt();
            assertSameBits(before, values(model, weights));
            assertTrue(arrays.stream().allMatch(NDArray::isReleased), "the arrays of before are freed");
            for (Pair<String, Parameter> named : model.getParameters()) {
                Parameter parameter = named.getValue();
                assertFalse(parameter.requiresGradient(), "gradients are the pass's");
                assertEquals(weights.section(parameter).isSplit(), Bfloat16.is(parameter.getArray()), named.getKey());
                try (NDArray doubled = manager.create(before.get(named.getKey())).mul(2).reshape(parameter.getShape())) {
                    weights.write(parameter, doubled);
                    NDArray seen = Bfloat16.toFloat32(parameter.getArray());
                    assertEquals(0, seen.sub(doubled).abs().max().getFloat(), 2 * doubled.abs().max().getFloat() / 256,
                            "the parameter sees what is written");
                    assertSameBits(Map.of("w", doubled.toFloatArray()), Map.of("w", weights.read(parameter).toFloatArray()));
                }
            }
        }
    }

    /** Products in bfloat16 round the weights anyhow: only where a tie is rounded another way may a number differ. */
    @Test
    void blocksComputeTheSameFromAdoptedParameters() {
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            for (boolean tied : new boolean[] {false, true}) {
                OlmoeModel model = model(manager, TestConfigs.small().optTieWordEmbeddings(tied).build());
                // numbers that bfloat16 holds, so that not even a tie can differ
                for (Parameter parameter : model.getParameters().values()) {
                    try (NDArray rounded = Bfloat16.toFloat32(Bfloat16.of(parameter.getArray().stopGradient()))) {
                        ParameterValues.PLAIN.write(parameter, rounded);
                    }
                }
                NDArray ids = manager.create(IDS, new Shape(2, 5));
                List<float[]> expected = outputs(model, manager, ids);
                long[] text = TextGenerator.builder().setModel(model, manager).optMaxNewTokens(6).build().generate(new long[] {3, 1, 4});
                FlatWeights.of(model, manager).adopt();
                List<float[]> actual = outputs(model, manager, ids);
                for (int i = 0; i < expected.size(); i++) {
                    assertArrayEquals(expected.get(i), actual.get(i), "output " + i);
                }
                assertArrayEquals(text, TextGenerator.builder().setModel(model, manager).optMaxNewTokens(6).build()
                        .generate(new long[] {3, 1, 4}));
            }
        }
    }

    private static List<float[]> outputs(OlmoeModel model, NDManager manager, NDArray ids) {
        OlmoeOutput output = model.forward(new ParameterStore(manager, false), ids, false);
        assertEquals(DataType.FLOAT32, output.logits().getDataType());
        NDArray hidden = model.hiddenStates(new ParameterStore(manager, false), new NDList(ids));
        assertEquals(DataType.FLOAT32, hidden.getDataType(), "the residual stream is float32");
        return List.of(output.logits().toFloatArray(), output.routers().meanProbabilities().toFloatArray(), hidden.toFloatArray());
    }

    @Test
    void aSavedFolderHoldsTheExactValues(@TempDir Path folder) throws IOException {
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            OlmoeModel model = model(manager, TestConfigs.small().build());
            HuggingFaceFolder.write(model, ParameterValues.PLAIN, Files.createDirectory(folder.resolve("plain")), TensorType.F32, 1L << 30);
            FlatWeights weights = FlatWeights.of(model, manager);
            weights.adopt();
            HuggingFaceFolder.write(model, weights, Files.createDirectory(folder.resolve("flat")), TensorType.F32, 1L << 30);
            for (String file : List.of("model.safetensors", "config.json")) {
                assertEquals(-1, Files.mismatch(folder.resolve("plain").resolve(file), folder.resolve("flat").resolve(file)), file);
            }
            assertSameBits(values(model, weights), values(HuggingFaceFolder.load(folder.resolve("flat"), manager), ParameterValues.PLAIN));
        }
    }
}
