package ai.spattention.train.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.spattention.olmoe.checkpoint.HuggingFaceFolder;
import ai.spattention.olmoe.config.OlmoeConfig;
import ai.spattention.olmoe.generate.TextGenerator;
import ai.spattention.olmoe.model.OlmoeModel;
import ai.spattention.olmoe.safetensors.TensorType;
import ai.spattention.olmoe.tokenizer.ByteTokenizer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A model with random weights, which says the same bytes each time. */
class GenerateCommandTest {

    @TempDir
    private static Path root;

    private static Path model;
    private static long[] said;

    @BeforeAll
    static void save() throws IOException {
        model = root.resolve("model");
        OlmoeConfig config = OlmoeConfig.builder().setVocabSize(257).setHiddenSize(16).setIntermediateSize(8).setNumHiddenLayers(1)
                .setNumAttentionHeads(2).setNumExperts(2).setNumExpertsPerTok(1).setMaxPositionEmbeddings(64)
                .optInitializerRange(0.5f).build();
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            OlmoeModel block = OlmoeModel.builder().setConfig(config).optSeed(2).build();
            block.initialize(manager, DataType.FLOAT32, new Shape(1, 1));
            HuggingFaceFolder.save(block, model, TensorType.F32, HuggingFaceFolder.DEFAULT_SHARD_BYTES);
            said = TextGenerator.builder().setModel(block, manager).optMaxNewTokens(12).build().generate('A');
        }
        Files.writeString(model.resolve("tokenizer.json"), new ByteTokenizer().toJson());
    }

    private static String text(int tokens) {
        return "A" + new ByteTokenizer().decode(Arrays.stream(said).limit(tokens).mapToInt(id -> (int) id).toArray()) + "\n";
    }

    private static String generate() {
        return generate("--tokens", "12", "--temperature", "0");
    }

    private static String generate(String... options) {
        List<String> all = new ArrayList<>(List.of("generate", "--model", model.toString(), "--prompt", "A"));
        all.addAll(List.of(options));
        return Cli.ok(all.toArray(String[]::new)).out();
    }

    @Test
    void aKernelThatCannotComputePrintsNothing() {
        String line = Cli.refused("generate", "--model", model.toString(), "--prompt", "A", "--device", "cpu", "--kernel", "fused");
        assertTrue(line.contains("the fused kernel cannot compute this attention (pattern causal)"), line);
    }

    /** What is asked for counts before the file, and that before the command's own defaults. */
    @Test
    void theFolderSaysHowWhereNoOptionDoes() throws IOException {
        Path generation = model.resolve("generation_config.json");
        String drawn = generate("--tokens", "9");
        assertEquals(drawn, generate("--tokens", "9", "--temperature", "0.8", "--top-k", "0", "--top-p", "1"));
        Files.writeString(generation, "{\"do_sample\": true, \"temperature\": 3.0, \"top_k\": 90, \"top_p\": 0.9,"
                + " \"max_new_tokens\": 9}");
        assertEquals(text(9), generate("--temperature", "0"));
        String hot = generate("--seed", "0");
        assertNotEquals(drawn, hot);
        assertEquals(hot, generate("--temperature", "3", "--top-k", "90", "--top-p", "0.9", "--tokens", "9"));
        Files.writeString(generation, "{\"do_sample\": false, \"max_length\": 6}");
        assertEquals(text(5), generate("--seed", "0"));
        Files.writeString(generation, "{\"num_beams\": 3}");
        assertEquals("spattn: " + generation + " has 'num_beams' = 3, which would change the text and is not supported here:"
                + " remove it, or set it to 1", Cli.refused("generate", "--model", model.toString(), "--prompt", "A"));
        Files.delete(generation);
    }

    @Test
    void readsThePromptFromAFileOrStandardInput() throws IOException {
        Path file = Files.writeString(root.resolve("prompt.txt"), "A");
        String[] arguments = {"generate", "--model", model.toString(), "--tokens", "12", "--temperature", "0", "--prompt-file", file.toString()};
        assertEquals(text(12), Cli.ok(arguments).out());
        InputStream before = System.in;
        try {
            arguments[arguments.length - 1] = "-";
            System.setIn(new ByteArrayInputStream("A".getBytes(StandardCharsets.UTF_8)));
            assertEquals(text(12), Cli.ok(arguments).out());
            System.setIn(new ByteArrayInputStream(new byte[] {(byte) 0xff}));
            assertEquals("spattn: standard input is not UTF-8 text", Cli.refused(arguments));
        } finally {
            System.setIn(before);
        }
        arguments[arguments.length - 1] = root.resolve("none.txt").toString();
        assertTrue(Cli.refused(arguments).contains("none.txt"));
        assertTrue(Cli.refused("generate", "--model", model.toString()).contains("--prompt"), "one of the two is needed");
        assertTrue(Cli.refused("generate", "--model", model.toString(), "--prompt", "A", "--prompt-file", file.toString()).contains("--prompt"));
    }

    /** The third new token ends the text, whichever of the ids it is and in whichever file it stands. */
    @Test
    void endsAtEachOfSeveralIds() throws IOException {
        int first = 0;
        while (said[first] != said[2]) {
            first++;
        }
        assertEquals(text(12), generate(), "no file tells an end, and the tokenizer's does not come");
        Path config = model.resolve("config.json");
        String plain = Files.readString(config);
        Files.writeString(config, plain.replace("\"eos_token_id\" : null", "\"eos_token_id\" : [256, " + said[2] + "]"));
        assertEquals(text(first), generate());
        Path generation = Files.writeString(model.resolve("generation_config.json"), "{\"eos_token_id\": 256}");
        assertEquals(text(12), generate(), "generation_config.json comes first");
        Files.writeString(generation, "{\"eos_token_id\": [255, 256, " + said[2] + "]}");
        Files.writeString(config, plain);
        assertEquals(text(first), generate());
        Files.delete(generation);
    }

    @Test
    void anEndThatTheFilesContradictIsRefused() throws IOException {
        Path generation = Files.writeString(model.resolve("generation_config.json"), "{\"eos_token_id\": 257}");
        assertEquals("spattn: " + generation + " has the eos_token_id 257, outside the vocabulary of 257 in config.json",
                Cli.refused("generate", "--model", model.toString(), "--prompt", "A", "--device", "cpu"));
        Files.delete(generation);
    }
}
