package ai.spattention.olmoe.checkpoint;

import static ai.spattention.olmoe.TestConfigs.small;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import ai.spattention.olmoe.config.LayerPatterns;
import ai.spattention.olmoe.config.OlmoeConfig;
import ai.spattention.olmoe.generate.TextGenerator;
import ai.spattention.olmoe.model.OlmoeModel;
import ai.spattention.olmoe.safetensors.SafetensorsFile;
import ai.spattention.olmoe.safetensors.SafetensorsWriter;
import ai.spattention.pattern.AttentionPattern;
import ai.spattention.pattern.HeadMask;
import ai.spattention.pattern.LayoutLength;
import ai.spattention.pattern.Patterns;
import ai.spattention.pattern.StandardPattern;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What transformers computes with a folder that is written here, by the code beside the weights. Needs {@code python3} with torch and
 * transformers on the PATH.
 */
class TransformersTest {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int NOT_HERE = 77;
    private static final int LENGTH = 53;
    private static final int SHORT = 20;
    private static final long[] STARTS = {7, 9};
    private static final double TOLERANCE = 1e-4;

    private static final List<String> PATTERNS = List.of("causal", "sp", "exclusive", "local", "window", "window:5", "gapped", "longformer",
            "bigbird", "reformer", "longformer-dilated", "longformer-dilated:3", "bigbird-random", "bigbird-random:-7");

    private static final Map<String, OlmoeConfig> MODELS = models();

    @TempDir
    private static Path root;

    private static JsonNode said;

    private static Map<String, OlmoeConfig> models() {
        Map<String, OlmoeConfig> models = new LinkedHashMap<>();
        for (String pattern : PATTERNS.subList(1, PATTERNS.size())) {
            put(models, pattern + "-40", small(), pattern, LayoutLength.of(40));
        }
        put(models, "sp-sequence", small(), "sp", LayoutLength.SEQUENCE);
        put(models, "bigbird-sequence", small(), "bigbird", LayoutLength.SEQUENCE);
        put(models, "window-sequence", small(), "[window:6, causal]", LayoutLength.SEQUENCE);
        put(models, "mixed-33", small().setNumHiddenLayers(3), "[exclusive, causal]", LayoutLength.of(33));
        put(models, "grouped-61", small().optNumKeyValueHeads(2).optAttentionBias(true).optClipQkv(0.5f), "sp", LayoutLength.of(61));
        put(models, "wide-61", small().optHeadDim(10).optTieWordEmbeddings(true).optNormTopkProb(true), "sp", LayoutLength.of(61));
        return models;
    }

    static Set<String> names() {
        return MODELS.keySet();
    }

    private static void put(Map<String, OlmoeConfig> models, String name, OlmoeConfig.Builder builder, String patterns, LayoutLength layout) {
        models.put(name.replace(':', '.'), builder.optPatterns(LayerPatterns.parse(patterns, Patterns.onClassPath())).optLayoutLength(layout)
                .build());
    }

    @BeforeAll
    static void run() throws IOException, InterruptedException {
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            for (Map.Entry<String, OlmoeConfig> each : MODELS.entrySet()) {
                Path folder = root.resolve("models").resolve(each.getKey());
                HuggingFaceFolder.save(model(each.getValue(), manager), folder);
                NDArray ids = ids(manager);
                new SafetensorsWriter().add("input_ids", ids).add("short", manager.create((long) SHORT)).add("starts", manager.create(STARTS))
                        .write(folder.resolve("inputs.safetensors"));
            }
            HuggingFaceFolder.save(model(small().optPattern(StandardPattern.CAUSAL).build(), manager), root.resolve("dense"));
            HuggingFaceFolder.save(model(small().optPattern(Patterns.onClassPath().of("lsh")).build(), manager), root.resolve("lsh"));
            HuggingFaceFolder.save(model(small().optPattern(new OwnPattern()).build(), manager), root.resolve("own"));
        }
        Files.writeString(root.resolve("masks.json"), masks().toString());
        runPython();
        said = JSON.readTree(root.resolve("said.json").toFile());
    }

    private static void runPython() throws IOException, InterruptedException {
        Path script = root.resolve("use_transformers.py");
        try (InputStream in = TransformersTest.class.getResourceAsStream("use_transformers.py")) {
            Files.copy(in, script);
        }
        Path log = root.resolve("python.log");
        ProcessBuilder builder = new ProcessBuilder("python3", script.toString(), root.toString()).redirectErrorStream(true)
                .redirectOutput(log.toFile());
        builder.environment().putAll(Map.of("HF_HOME", root.resolve("cache").toString(), "HF_HUB_OFFLINE", "1"));
        Process python;
        try {
            python = builder.start();
        } catch (IOException e) {
            assumeTrue(false, "there is no python3 here: " + e.getMessage());
            return;
        }
        boolean ended = python.waitFor(5, TimeUnit.MINUTES);
        python.destroyForcibly();
        assertTrue(ended, "python3 did not end in 5 minutes");
        assumeTrue(python.exitValue() != NOT_HERE, () -> "python3 has no transformers that could be asked: " + read(log));
        assertEquals(0, python.exitValue(), () -> read(log));
    }

    private static String read(Path log) {
        try {
            return Files.readString(log);
        } catch (IOException e) {
            return e.toString();
        }
    }

    private static OlmoeModel model(OlmoeConfig config, NDManager manager) {
        OlmoeModel model = OlmoeModel.builder().setConfig(config).optSeed(3).build();
        model.initialize(manager, DataType.FLOAT32, new Shape(1, 1));
        return model;
    }

    private static NDArray ids(NDManager manager) {
        Random random = new Random(5);
        return manager.create(random.longs(2L * LENGTH, 0, 19).toArray(), new Shape(2, LENGTH));
    }

    /** The digests of masks, as {@code shared/fixtures/masks.json} has them, with layouts shorter and longer than the sequence. */
    private static ArrayNode masks() {
        ArrayNode masks = JSON.createArrayNode();
        int length = 70;
        for (String name : PATTERNS) {
            AttentionPattern pattern = Patterns.onClassPath().of(name);
            for (int heads : new int[] {1, 3, 8}) {
                for (int layout : new int[] {1, 4, 5, 37, 70, 600}) {
                    masks.addObject().put("pattern", name).put("heads", heads).put("layout", layout).put("length", length)
                            .put("sha256", digest(pattern, heads, layout, length));
                }
            }
        }
        return masks;
    }

    private static String digest(AttentionPattern pattern, int heads, int layout, int length) {
        byte[] seen = new byte[heads * length * length];
        for (int head = 0; head < heads; head++) {
            HeadMask mask = pattern.headMask(head, heads, layout);
            for (int query = 0; query < length; query++) {
                for (int key = 0; key <= query; key++) {
                    seen[(head * length + query) * length + key] = (byte) (mask.sees(query, key) ? 1 : 0);
                }
            }
        }
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(seen));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    @ParameterizedTest
    @MethodSource("names")
    void computesTheSame(String name) throws IOException {
        Path folder = root.resolve("models").resolve(name);
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
                SafetensorsFile outputs = SafetensorsFile.open(folder.resolve("outputs.safetensors"))) {
            OlmoeModel model = HuggingFaceFolder.load(folder, manager);
            NDArray ids = ids(manager);
            NDArray whole = logits(model, ids);
            assertClose(whole, outputs.read(manager, "logits"), "logits");
            NDArray part = logits(model, ids.get(new NDIndex("1:2, 0:" + SHORT)));
            assertClose(part, outputs.read(manager, "left"), "padding on the left");
            assertClose(part, outputs.read(manager, "right"), "padding on the right");
            if (outputs.names().contains("pieces")) {
                assertClose(whole, outputs.read(manager, "pieces"), "pieces with a cache");
            } else {
                assertTrue(outputs.read(manager, "pieces refused").getBoolean(), "pieces with a cache");
            }
        }
    }

    @ParameterizedTest
    @MethodSource("names")
    void generatesTheSame(String name) throws IOException {
        Path folder = root.resolve("models").resolve(name);
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
                SafetensorsFile outputs = SafetensorsFile.open(folder.resolve("outputs.safetensors"))) {
            NDArray ids = ids(manager);
            List<long[]> prompts = List.of(prompt(ids, 0), prompt(ids, 1));
            List<long[]> drawn = TextGenerator.builder().setModel(HuggingFaceFolder.load(folder, manager), manager).optMaxNewTokens(12).build()
                    .generate(prompts);
            long[] expected = drawn.stream().flatMapToLong(Arrays::stream).toArray();
            for (String way : List.of("generated", "static", "uncached")) {
                if (outputs.names().contains(way)) {
                    assertArrayEquals(expected, outputs.read(manager, way).toLongArray(), way);
                }
            }
        }
    }

    private static long[] prompt(NDArray ids, int row) {
        return ids.get(row).get(new NDIndex("0:" + STARTS[row])).toLongArray();
    }

    @Test
    void seesByTheSameMasks() {
        assertEquals("", said.get("wrong masks").asText());
    }

    @Test
    void gradientsOfQueriesThatSeeNothingAreNumbers() {
        assertTrue(said.get("finite gradients").booleanValue());
    }

    /** Whoever does not trust the code, or asks for another attention, gets no model rather than a dense one. */
    @Test
    void refusesWhatWouldBeAnotherModel() {
        assertTrue(said.get("untrusted").asText().contains("trust_remote_code=True"), said.get("untrusted").asText());
        assertFalse(said.get("stock").asText().startsWith("nothing"), said.get("stock").asText());
        assertTrue(said.get("sdpa").asText().contains("does not support"), said.get("sdpa").asText());
        assertTrue(said.get("lsh").asText().startsWith("attention_pattern 'lsh': what lsh attention sees depends on the tokens"),
                said.get("lsh").asText());
        assertTrue(said.get("own").asText().startsWith("unknown attention_pattern 'own'"), said.get("own").asText());
        assertEquals("OlmoeForCausalLM", said.get("dense").asText());
    }

    /** What transformers saves again is the same model here. */
    @Test
    void readsWhatTransformersSaves() throws IOException {
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            OlmoeModel saved = HuggingFaceFolder.load(root.resolve("saved"), manager);
            OlmoeModel origin = HuggingFaceFolder.load(root.resolve("models").resolve("sp-40"), manager);
            assertEquals(origin.getConfig(), saved.getConfig());
            assertClose(logits(origin, ids(manager)), logits(saved, ids(manager)), "logits");
        }
    }

    private static NDArray logits(OlmoeModel model, NDArray ids) {
        return model.forward(new ParameterStore(ids.getManager(), false), ids, false).logits();
    }

    private static void assertClose(NDArray expected, NDArray actual, String what) {
        assertEquals(expected.getShape(), actual.getShape(), what);
        float error = actual.sub(expected).abs().max().getFloat();
        assertTrue(error <= TOLERANCE, what + ": error " + error);
    }

    /** A user's. */
    private static final class OwnPattern implements AttentionPattern {

        @Override
        public String patternName() {
            return "own";
        }

        @Override
        public HeadMask headMask(int head, int numHeads, int layoutLength) {
            return StandardPattern.SP.headMask(head, numHeads, layoutLength);
        }
    }
}
