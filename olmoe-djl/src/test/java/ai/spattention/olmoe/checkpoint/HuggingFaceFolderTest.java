package ai.spattention.olmoe.checkpoint;

import static ai.spattention.olmoe.TestConfigs.small;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import ai.spattention.attention.engine.MaskedKernel;
import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.TestConfigs;
import ai.spattention.olmoe.config.ConfigJson;
import ai.spattention.olmoe.config.LayerPatterns;
import ai.spattention.olmoe.config.OlmoeConfig;
import ai.spattention.olmoe.io.AtomicFile;
import ai.spattention.olmoe.model.OlmoeModel;
import ai.spattention.olmoe.safetensors.TensorFolder;
import ai.spattention.olmoe.safetensors.TensorType;
import ai.spattention.olmoe.tokenizer.ByteTokenizer;
import ai.spattention.pattern.LayoutLength;
import ai.spattention.pattern.Patterns;
import ai.spattention.pattern.StandardPattern;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class HuggingFaceFolderTest {

    private static final long ONE_FILE = HuggingFaceFolder.DEFAULT_SHARD_BYTES;
    private static final int[][] IDS = {{3, 1, 4, 1, 5, 9, 2}, {6, 5, 3, 5, 8, 9, 7}};

    @TempDir
    private Path folder;

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

    private float[] logits(OlmoeModel model) {
        return model.forward(new ParameterStore(manager, false), TestConfigs.ids(manager, IDS), false).logits().toFloatArray();
    }

    static Stream<OlmoeConfig> configurations() {
        return Stream.of(
                small().build(),
                small().optNumKeyValueHeads(2).optAttentionBias(true).optClipQkv(0.5f).optLayoutLength(LayoutLength.of(64)).build(),
                small().optTieWordEmbeddings(true).optNormTopkProb(true).optHeadDim(10).optEosTokenIds(List.of(4)).build());
    }

    @ParameterizedTest
    @MethodSource("configurations")
    void whatIsSavedLoadsIntoANewModel(OlmoeConfig config) throws IOException {
        OlmoeModel saved = model(config);
        HuggingFaceFolder.save(saved, folder, TensorType.F32, ONE_FILE);
        assertEquals(List.of(".spattention-files.json", "config.json", "generation_config.json", "model.safetensors",
                "modeling_spattention.py"), files(folder));
        OlmoeModel loaded = HuggingFaceFolder.load(folder, manager);
        assertEquals(config, loaded.getConfig());
        assertArrayEquals(logits(saved), logits(loaded));
        assertTrue(loaded.getParameters().values().stream().allMatch(parameter -> parameter.getArray().hasGradient()));
    }

    /** What transformers has itself stays that, whatever the layout; all else is a type of its own, with the code beside it. */
    @Test
    void namesTheModelSoThatNobodyComputesAnotherAttention() throws IOException {
        HuggingFaceFolder.save(model(small().optPattern(StandardPattern.CAUSAL).optLayoutLength(LayoutLength.of(64)).build()),
                folder.resolve("dense"));
        assertEquals(List.of(".spattention-files.json", "config.json", "generation_config.json", "model.safetensors"),
                files(folder.resolve("dense")));
        JsonNode dense = json(folder.resolve("dense"), "config.json");
        assertEquals("olmoe", dense.get("model_type").asText());
        assertEquals("[\"OlmoeForCausalLM\"]", dense.get("architectures").toString());
        assertFalse(dense.has("auto_map") || dense.has("attn_implementation"));

        HuggingFaceFolder.save(model(small().optPatterns(LayerPatterns.parse("causal, window:9", Patterns.onClassPath())).build()),
                folder.resolve("mixed"));
        JsonNode mixed = json(folder.resolve("mixed"), "config.json");
        assertEquals("spattention_olmoe", mixed.get("model_type").asText());
        assertEquals("[\"SpAttentionOlmoeForCausalLM\"]", mixed.get("architectures").toString());
        assertEquals("{\"AutoConfig\":\"modeling_spattention.SpAttentionOlmoeConfig\","
                + "\"AutoModelForCausalLM\":\"modeling_spattention.SpAttentionOlmoeForCausalLM\"}", mixed.get("auto_map").toString());
        assertEquals("spattention", mixed.get("attn_implementation").asText());
        String code = Files.readString(folder.resolve("mixed").resolve("modeling_spattention.py"));
        for (String line : List.of("MODEL_TYPE = \"spattention_olmoe\"", "ATTENTION = \"spattention\"",
                "class SpAttentionOlmoeConfig(OlmoeConfig):", "class SpAttentionOlmoeForCausalLM(OlmoeForCausalLM):")) {
            assertTrue(code.contains("\n" + line), line);
        }
    }

    /** Folders of earlier versions call every model olmoe. */
    @Test
    void readsPatternsUnderOlmoesOwnName() throws IOException {
        OlmoeModel saved = model(small().optLayoutLength(LayoutLength.of(9)).build());
        HuggingFaceFolder.save(saved, folder);
        Path file = folder.resolve("config.json");
        ObjectNode config = (ObjectNode) json(folder, "config.json");
        config.remove(List.of("auto_map", "attn_implementation"));
        Files.writeString(file, config.put("model_type", "olmoe").toString());
        assertEquals(saved.getConfig(), HuggingFaceFolder.load(folder, manager).getConfig());
        assertArrayEquals(logits(saved), logits(HuggingFaceFolder.load(folder, manager)));
    }

    @Test
    void tellsTheSpecialTokensWhereTransformersLooks() throws IOException {
        HuggingFaceFolder.save(model(small().optBosTokenId(1).optEosTokenIds(List.of(4, 2)).optPadTokenId(0).build()), folder.resolve("all"));
        assertEquals("{\"bos_token_id\":1,\"eos_token_id\":[4,2],\"pad_token_id\":0}",
                json(folder.resolve("all"), "generation_config.json").toString());
        HuggingFaceFolder.save(model(small().optEosTokenIds(List.of(4)).build()), folder.resolve("one"));
        assertEquals("{\"eos_token_id\":4}", json(folder.resolve("one"), "generation_config.json").toString());
        HuggingFaceFolder.save(model(small().build()), folder.resolve("none"));
        assertEquals("{}", json(folder.resolve("none"), "generation_config.json").toString());
    }

    @Test
    void writesTheTokenizerThatIsGiven() throws IOException {
        try (ByteTokenizer tokenizer = new ByteTokenizer()) {
            HuggingFaceFolder.save(model(small().setVocabSize(257).build()), folder, tokenizer);
            assertEquals(new ObjectMapper().readTree(tokenizer.toJson()), json(folder, "tokenizer.json"));
            assertEquals("PreTrainedTokenizerFast", json(folder, "tokenizer_config.json").get("tokenizer_class").asText());
        }
    }

    private static JsonNode json(Path folder, String name) throws IOException {
        return new ObjectMapper().readTree(folder.resolve(name).toFile());
    }

    @Test
    void theFileHoldsTheTensorsThatTransformersExpects() throws IOException {
        OlmoeConfig config = small().optTieWordEmbeddings(true).build();
        HuggingFaceFolder.save(model(config), folder, TensorType.F32, ONE_FILE);
        try (TensorFolder tensors = TensorFolder.open(folder)) {
            assertEquals(new TreeSet<>(config.tensorShapes().keySet()), new TreeSet<>(tensors.names()));
            config.tensorShapes().forEach((name, shape) -> assertEquals(new Shape(shape), tensors.info(name).shape(), name));
        }
    }

    @Test
    void expertsAreCutWhereTransformersCutsThem() {
        OlmoeModel model = model(small().build());
        float[] gateUp = model.getLayers().get(1).getExperts().getExperts().getGateUpProjection().getArray().toFloatArray();
        TensorSlot up = HuggingFaceNames.of(model).stream()
                .filter(slot -> slot.name().equals("model.layers.1.mlp.experts.3.up_proj.weight")).findFirst().orElseThrow();
        NDArray rows = up.of(up.parameter().getArray());
        assertEquals(new Shape(10, 24), rows.getShape());
        assertEquals(gateUp[(3 * 20 + 10 + 2) * 24 + 5], rows.getFloat(2, 5));
    }

    @Test
    void shardsLoadAsOneFileDoes() throws IOException {
        OlmoeModel saved = model(small().build());
        HuggingFaceFolder.save(saved, folder, TensorType.F32, 20_000);
        assertTrue(files(folder).contains("model.safetensors.index.json"));
        assertFalse(files(folder).contains("model.safetensors"));
        assertArrayEquals(logits(saved), logits(HuggingFaceFolder.load(folder, manager)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"F16", "BF16"})
    void smallTypesRoundTheWeights(TensorType type) throws IOException {
        OlmoeModel saved = model(small().build());
        HuggingFaceFolder.save(saved, folder, type, ONE_FILE);
        OlmoeModel loaded = HuggingFaceFolder.load(folder, manager);
        float[] expected = saved.getOutputWeight().getArray().toFloatArray();
        float[] actual = loaded.getOutputWeight().getArray().toFloatArray();
        assertNotEquals(expected[0], actual[0]);
        assertArrayEquals(expected, actual, type == TensorType.F16 ? 5e-4f : 4e-3f);
        assertTrue(Files.readString(folder.resolve("config.json"))
                .contains(type == TensorType.F16 ? "\"dtype\" : \"float16\"" : "\"dtype\" : \"bfloat16\""));
    }

    @Test
    void loadsWithAnotherAttention() throws IOException {
        OlmoeModel saved = model(small().build());
        HuggingFaceFolder.save(saved, folder, TensorType.F32, ONE_FILE);
        OlmoeModel loaded = HuggingFaceFolder.load(folder, manager,
                config -> config.withAttention(StandardPattern.LOCAL, LayoutLength.of(8)), model -> model.optKernel(new MaskedKernel()));
        assertEquals(small().optPattern(StandardPattern.LOCAL).optLayoutLength(LayoutLength.of(8)).build(),
                loaded.getConfig());
        assertNotEquals(logits(saved)[100], logits(loaded)[100]);
    }

    /** Newer versions of transformers keep a layer's experts in two tensors. */
    @Test
    void loadsStackedExperts() throws IOException {
        OlmoeModel saved = model(small().build());
        Map<String, NDArray> tensors = tensors(saved);
        tensors.keySet().removeIf(name -> name.startsWith("model.layers.1.mlp.experts."));
        for (TensorSlot slot : HuggingFaceNames.stackedExperts(saved, 1)) {
            tensors.put(slot.name(), slot.parameter().getArray());
        }
        write(saved.getConfig(), tensors);
        assertArrayEquals(logits(saved), logits(HuggingFaceFolder.load(folder, manager)));
    }

    private static Map<String, NDArray> tensors(OlmoeModel model) {
        Map<String, NDArray> tensors = new LinkedHashMap<>();
        for (TensorSlot slot : HuggingFaceNames.of(model)) {
            tensors.put(slot.name(), slot.of(slot.parameter().getArray()));
        }
        return tensors;
    }

    private void write(OlmoeConfig config, Map<String, NDArray> tensors) throws IOException {
        List<TensorFolder.Tensor> list = new ArrayList<>();
        tensors.forEach((name, array) -> list.add(new TensorFolder.Tensor(name,
                array.getDataType() == DataType.INT64 ? TensorType.I64 : TensorType.F32, array.getShape(),
                array::stopGradient)));
        TensorFolder.write(folder, list, ONE_FILE);
        AtomicFile.write(folder.resolve("config.json"), ConfigJson.write(config, "float32"));
    }

    private String refusal() {
        int before = manager.getManagedArrays().size();
        String message = assertThrows(InvalidInputException.class, () -> HuggingFaceFolder.load(folder, manager)).getMessage();
        assertEquals(before, manager.getManagedArrays().size(), "arrays left behind");
        return message.replace(folder.toString(), "DIR");
    }

    @Test
    void refusesMissingTensors() throws IOException {
        OlmoeModel model = model(small().build());
        Map<String, NDArray> tensors = tensors(model);
        tensors.remove("model.layers.0.mlp.experts.2.up_proj.weight");
        write(model.getConfig(), tensors);
        assertEquals("DIR lacks tensor 'model.layers.0.mlp.experts.2.up_proj.weight', which config.json asks for", refusal());
        tensors.remove("model.norm.weight");
        tensors.remove("lm_head.weight");
        write(model.getConfig(), tensors);
        assertEquals("DIR lacks tensor 'model.layers.0.mlp.experts.2.up_proj.weight' and 2 more, which config.json asks for",
                refusal());
    }

    @Test
    void refusesExtraTensors() throws IOException {
        OlmoeModel model = model(small().build());
        Map<String, NDArray> tensors = tensors(model);
        tensors.put("model.layers.2.mlp.gate.weight", manager.zeros(new Shape(2, 2)));
        write(model.getConfig(), tensors);
        assertEquals("DIR has tensor 'model.layers.2.mlp.gate.weight', which the model of its config.json does not have",
                refusal());
    }

    /** transformers saves tied matrices under either name, or under both. */
    @Test
    void tiedMatricesLoadUnderEitherName() throws IOException {
        OlmoeModel saved = model(small().optTieWordEmbeddings(true).build());
        Map<String, NDArray> tensors = tensors(saved);
        NDArray embedding = tensors.get("model.embed_tokens.weight");
        tensors.put("lm_head.weight", embedding);
        write(saved.getConfig(), tensors);
        assertArrayEquals(logits(saved), logits(HuggingFaceFolder.load(folder, manager)));
        tensors.remove("model.embed_tokens.weight");
        write(saved.getConfig(), tensors);
        assertArrayEquals(logits(saved), logits(HuggingFaceFolder.load(folder, manager)));
        NDArray other = embedding.stopGradient().duplicate();
        other.set(new NDIndex("7, 3"), other.getFloat(7, 3) + 1);
        tensors.put("model.embed_tokens.weight", other);
        write(saved.getConfig(), tensors);
        assertEquals("DIR: config.json ties the output embedding to the input embedding (tie_word_embeddings), but 'lm_head.weight'"
                + " and 'model.embed_tokens.weight' differ, for instance in row 7: set tie_word_embeddings to false, or save the model"
                + " again", refusal());
        tensors.put("lm_head.weight", manager.zeros(new Shape(18, 24)));
        write(saved.getConfig(), tensors);
        assertEquals("DIR: tensor 'lm_head.weight' has shape (18, 24), config.json asks for (19, 24)", refusal());
    }

    /** Of heads of 6: theta^0, theta^(-1/3), theta^(-2/3), which for 1,000 are 1, 0.1, 0.01. */
    @Test
    void savedRotaryFrequenciesMustBeThoseOfTheConfiguration() throws IOException {
        OlmoeModel saved = model(small().optRopeTheta(1000).build());
        assertEquals(6, saved.getConfig().headDim());
        for (String name : List.of("model.rotary_emb.inv_freq", "model.layers.1.self_attn.rotary_emb.inv_freq")) {
            Map<String, NDArray> tensors = tensors(saved);
            tensors.put(name, manager.create(new float[] {1, 0.1f, 0.01f}));
            write(saved.getConfig(), tensors);
            assertArrayEquals(logits(saved), logits(HuggingFaceFolder.load(folder, manager)));
            tensors.put(name, manager.create(new float[] {1, 0.1f, 0.02f}));
            write(saved.getConfig(), tensors);
            assertEquals("DIR: tensor '" + name + "' has the rotary frequency 0.02 at place 2, the rope_theta 1000.0 of config.json"
                    + " gives 0.01: correct rope_theta, or remove the tensor", refusal());
            tensors.put(name, manager.create(new float[] {1, 0.1f}));
            write(saved.getConfig(), tensors);
            assertEquals("DIR: tensor '" + name + "' has shape (2), config.json asks for (3)", refusal());
        }
        Map<String, NDArray> tensors = tensors(saved);
        tensors.put("model.layers.2.self_attn.rotary_emb.inv_freq", manager.create(new float[] {1, 0.1f, 0.01f}));
        write(saved.getConfig(), tensors);
        assertEquals("DIR has tensor 'model.layers.2.self_attn.rotary_emb.inv_freq', which the model of its config.json does not have",
                refusal());
    }

    /** So transformers saves a model without its output matrix. */
    @Test
    void namesWithoutModelLoadWhereTheOutputIsTied() throws IOException {
        OlmoeModel saved = model(small().optTieWordEmbeddings(true).build());
        Map<String, NDArray> bare = new LinkedHashMap<>();
        tensors(saved).forEach((name, array) -> bare.put(name.replaceFirst("^model\\.", ""), array));
        write(saved.getConfig(), bare);
        assertArrayEquals(logits(saved), logits(HuggingFaceFolder.load(folder, manager)));
        write(small().build(), bare);
        assertEquals("DIR lacks tensor 'lm_head.weight', which config.json asks for", refusal());
    }

    /** Saved anew as one file into a folder that still has the shards of another model: transformers takes the file. */
    @Test
    void oneFileComesBeforeAnOldIndex() throws IOException {
        HuggingFaceFolder.save(model(small().build()), folder, TensorType.F32, 20_000);
        OlmoeModel saved = OlmoeModel.builder().setConfig(small().build()).optSeed(4).build();
        saved.initialize(manager, DataType.FLOAT32, new Shape(1, 1));
        write(saved.getConfig(), tensors(saved));
        assertArrayEquals(logits(saved), logits(HuggingFaceFolder.load(folder, manager)));
    }

    @Test
    void pickledWeightsAreNamed() throws IOException {
        AtomicFile.write(folder.resolve("config.json"), ConfigJson.write(small().build(), "float32"));
        Files.createFile(folder.resolve("pytorch_model.bin"));
        assertEquals("DIR has neither model.safetensors nor model.safetensors.index.json, only weights that were pickled (.bin): load"
                + " them with transformers and save_pretrained them", refusal());
    }

    @Test
    void refusesOtherShapes() throws IOException {
        OlmoeModel model = model(small().build());
        Map<String, NDArray> tensors = tensors(model);
        write(small().setVocabSize(20).build(), tensors);
        assertEquals("DIR: tensor 'model.embed_tokens.weight' has shape (19, 24), config.json asks for (20, 24)", refusal());
        write(small().setNumExperts(6).build(), tensors);
        assertEquals("DIR: tensor 'model.layers.1.mlp.gate.weight' has shape (5, 24), config.json asks for (6, 24)",
                refusal());
    }

    @Test
    void refusesAbsurdSizesBeforeBuildingAnything() throws IOException {
        OlmoeModel model = model(small().build());
        write(small().setNumHiddenLayers(Integer.MAX_VALUE).build(), tensors(model));
        assertEquals("DIR: config.json asks for 2147483647 layers (num_hidden_layers), but the weights lack"
                + " 'model.layers.2147483646.mlp.gate.weight'", refusal());
        write(small().setNumExperts(Integer.MAX_VALUE).build(), tensors(model));
        assertEquals("DIR: tensor 'model.layers.1.mlp.gate.weight' has shape (5, 24), config.json asks for (2147483647, 24)",
                refusal());
        write(small().setVocabSize(Integer.MAX_VALUE).build(), tensors(model));
        assertEquals("DIR: tensor 'model.embed_tokens.weight' has shape (19, 24), config.json asks for (2147483647, 24)",
                refusal());
    }

    @Test
    void refusesWeightsThatAreNoFloats() throws IOException {
        OlmoeModel model = model(small().build());
        Map<String, NDArray> tensors = tensors(model);
        tensors.put("model.norm.weight", manager.ones(new Shape(24), DataType.INT64));
        write(model.getConfig(), tensors);
        assertEquals("DIR: tensor 'model.norm.weight' has dtype I64: weights are F32, F16, BF16 or F64", refusal());
    }

    @Test
    void writesIntoEmptyFoldersOnly() throws IOException {
        OlmoeModel model = model(small().build());
        Path full = Files.createDirectory(folder.resolve("full"));
        Files.writeString(full.resolve("notes.txt"), "keep me");
        assertEquals(full + " is not empty: choose another folder, or empty it first",
                assertThrows(InvalidInputException.class,
                        () -> HuggingFaceFolder.save(model, full, TensorType.F32, ONE_FILE)).getMessage());
        Path file = full.resolve("notes.txt");
        assertEquals(file + " is a file: a model is written into a folder",
                assertThrows(InvalidInputException.class,
                        () -> HuggingFaceFolder.save(model, file, TensorType.F32, ONE_FILE)).getMessage());
        assertEquals("weights are written as F32, F16 or BF16 (got I8)",
                assertThrows(InvalidInputException.class,
                        () -> HuggingFaceFolder.save(model, folder.resolve("new"), TensorType.I8, ONE_FILE)).getMessage());
        assertEquals(List.of("full"), files(folder));
    }

    /** What tells of tokens and generation comes along; notes, and files of other weights, stay where they are. */
    @Test
    void aModelThatWasTrainedFurtherTakesItsTokenizerAlong() throws IOException {
        Path origin = folder.resolve("origin");
        HuggingFaceFolder.save(model(small().build()), origin, TensorType.F32, ONE_FILE);
        for (String name : List.of("tokenizer.json", "generation_config.json", "notes.txt", "pytorch_model.bin")) {
            Files.write(origin.resolve(name), (name + "\u00e9").getBytes(StandardCharsets.ISO_8859_1));
        }
        OlmoeModel tuned = HuggingFaceFolder.load(origin, manager);
        tuned.getOutputWeight().getArray().muli(2);
        Path target = folder.resolve("target");
        HuggingFaceFolder.save(tuned, target, TensorType.F32, origin);
        assertEquals(List.of(".spattention-files.json", "config.json", "generation_config.json", "model.safetensors",
                "modeling_spattention.py", "tokenizer.json"), files(target));
        assertArrayEquals(Files.readAllBytes(origin.resolve("tokenizer.json")), Files.readAllBytes(target.resolve("tokenizer.json")));
        assertArrayEquals(logits(tuned), logits(HuggingFaceFolder.load(target, manager)));
        assertEquals(target + " is not empty: choose another folder, or empty it first", assertThrows(InvalidInputException.class,
                () -> HuggingFaceFolder.save(tuned, target, TensorType.F32, origin)).getMessage());
        assertEquals("absent is no folder: name the one that the model was loaded from", assertThrows(InvalidInputException.class,
                () -> HuggingFaceFolder.save(tuned, folder.resolve("new"), TensorType.F32, Path.of("absent"))).getMessage());
        assertEquals(List.of("origin", "target"), files(folder));
    }

    /** A failure on the way leaves nothing, neither the folder nor its temporary sibling. */
    @Test
    void aFailedWriteLeavesNothing() throws IOException {
        OlmoeModel model = model(small().build());
        model.getOutputWeight().close();
        assertThrows(RuntimeException.class,
                () -> HuggingFaceFolder.save(model, folder.resolve("model"), TensorType.F32, ONE_FILE));
        assertEquals(List.of(), files(folder));
    }

    @Test
    void savingLeavesNoArraysBehind() throws IOException {
        OlmoeModel model = model(small().build());
        int before = manager.getManagedArrays().size();
        HuggingFaceFolder.save(model, folder.resolve("model"), TensorType.BF16, 20_000);
        assertEquals(before, manager.getManagedArrays().size());
        try (NDManager other = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            OlmoeModel loaded = HuggingFaceFolder.load(folder.resolve("model"), other);
            assertEquals(loaded.getParameters().size(), other.getManagedArrays().size());
        }
    }

    private static List<String> files(Path folder) throws IOException {
        try (Stream<Path> content = Files.list(folder)) {
            return content.map(path -> path.getFileName().toString()).sorted().toList();
        }
    }
}
