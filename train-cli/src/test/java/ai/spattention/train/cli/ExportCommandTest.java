package ai.spattention.train.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.spattention.olmoe.checkpoint.HuggingFaceFolder;
import ai.spattention.olmoe.config.ConfigJson;
import ai.spattention.olmoe.config.OlmoeConfig;
import ai.spattention.olmoe.model.OlmoeModel;
import ai.spattention.olmoe.safetensors.TensorFolder;
import ai.spattention.olmoe.safetensors.TensorType;
import ai.spattention.olmoe.tokenizer.ByteTokenizer;
import ai.spattention.pattern.LayoutLength;
import ai.spattention.pattern.Patterns;
import ai.spattention.pattern.StandardPattern;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ExportCommandTest {

    @TempDir
    private Path root;

    private Path model;

    @BeforeEach
    void save() throws IOException {
        model = save("model", "sp");
    }

    private Path save(String name, String pattern) throws IOException {
        OlmoeConfig config = OlmoeConfig.builder().setVocabSize(257).setHiddenSize(16).setIntermediateSize(8).setNumHiddenLayers(1)
                .setNumAttentionHeads(2).setNumExperts(2).setNumExpertsPerTok(1).setMaxPositionEmbeddings(64)
                .optPattern(Patterns.onClassPath().of(pattern)).optLayoutLength(LayoutLength.of(64)).build();
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            OlmoeModel block = OlmoeModel.builder().setConfig(config).optSeed(2).build();
            block.initialize(manager, DataType.FLOAT32, new Shape(1, 1));
            HuggingFaceFolder.save(block, root.resolve(name), new ByteTokenizer());
        }
        return root.resolve(name);
    }

    private static String export(Path model, Path output, String... options) {
        List<String> arguments = new ArrayList<>(List.of("export", "--model", model.toString(), "--output", output.toString()));
        arguments.addAll(List.of(options));
        Cli result = Cli.ok(arguments.toArray(String[]::new));
        return result.out() + result.err();
    }

    /** A folder of an earlier version, which transformers took for a dense model, becomes one that it does not. */
    @Test
    void writesWhatTransformersNeeds() throws IOException {
        Path config = model.resolve("config.json");
        Files.writeString(config, Files.readString(config).replace("\"spattention_olmoe\"", "\"olmoe\""));
        Files.delete(model.resolve("modeling_spattention.py"));
        Path output = root.resolve("output");
        assertEquals("in transformers: AutoModelForCausalLM.from_pretrained(\"" + output + "\", trust_remote_code=True)\n",
                export(model, output));
        assertTrue(Files.exists(output.resolve("modeling_spattention.py")));
        assertTrue(Files.readString(output.resolve("config.json")).contains("\"spattention_olmoe\""));
        assertEquals(ConfigJson.read(config), ConfigJson.read(output.resolve("config.json")));
        for (String name : List.of("model.safetensors", "tokenizer.json", "tokenizer_config.json", "generation_config.json")) {
            assertArrayEquals(Files.readAllBytes(model.resolve(name)), Files.readAllBytes(output.resolve(name)), name);
        }
    }

    /** What is written so is dense to every reader, this project included, and whoever writes it is told. */
    @Test
    void writesADenseModelOnlyIfAsked() throws IOException {
        Path output = root.resolve("output");
        assertEquals("in transformers: AutoModelForCausalLM.from_pretrained(\"" + output + "\")\n"
                + "warning: " + model + " was trained with the attention pattern sp; with dense attention, as it is written now, it is"
                + " another model and predicts worse\n", export(model, output, "--as-dense", "--dtype", "bfloat16"));
        assertFalse(Files.exists(output.resolve("modeling_spattention.py")));
        OlmoeConfig written = ConfigJson.read(output.resolve("config.json"));
        assertEquals(ConfigJson.read(model.resolve("config.json")).withAttention(StandardPattern.CAUSAL, LayoutLength.of(64)), written);
        assertTrue(Files.readString(output.resolve("config.json")).contains("\"OlmoeForCausalLM\""));
        try (TensorFolder tensors = TensorFolder.open(output)) {
            assertEquals(TensorType.BF16, tensors.info("lm_head.weight").type());
        }
        Path dense = save("dense", "causal");
        assertEquals("in transformers: AutoModelForCausalLM.from_pretrained(\"" + root.resolve("again") + "\")\n",
                export(dense, root.resolve("again"), "--as-dense"));
    }

    @Test
    void refusesFoldersThatAreNotItsOwnAndModelsThatCannotBeDense() throws IOException {
        Path full = Files.createDirectory(root.resolve("full"));
        Files.writeString(full.resolve("notes.txt"), "mine");
        assertEquals("spattn: " + full + " is not empty: choose another folder, or empty it first",
                Cli.refused("export", "--model", model.toString(), "--output", full.toString()));
        Path inside = model.resolve("dense");
        assertEquals("spattn: --output " + inside + " lies in " + model + ", which --model reads: name a folder elsewhere",
                Cli.refused("export", "--model", model.toString(), "--output", inside.toString()));
        Path lsh = save("lsh", "lsh");
        assertEquals("spattn: " + lsh + ": layer 0 was trained with the pattern lsh (got causal): lsh attention has no weights for keys,"
                + " so that it stays in the layers that were trained with it, and in no others",
                Cli.refused("export", "--model", lsh.toString(), "--output", root.resolve("no").toString(), "--as-dense"));
        assertFalse(Files.exists(root.resolve("no")));
    }
}
