package ai.spattention.train.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.spattention.olmoe.checkpoint.HuggingFaceFolder;
import ai.spattention.olmoe.config.OlmoeConfig;
import ai.spattention.olmoe.model.OlmoeModel;
import ai.spattention.olmoe.safetensors.TensorType;
import ai.spattention.olmoe.tokenizer.ByteTokenizer;
import ai.spattention.pattern.StandardPattern;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An evaluation on several devices, or in parts on several machines, has the results of one device. */
class EvalDevicesTest {

    @TempDir
    private static Path shared;

    private static String oneResult;
    private static String oneSamples;

    @TempDir
    private Path folder;

    private Path output;
    private Path samples;

    @BeforeAll
    static void scoreOnOneDevice() throws IOException {
        save(shared.resolve("model"), false);
        StringBuilder rows = new StringBuilder();
        Random random = new Random(3);
        for (int row = 0; row < 40; row++) {
            rows.append("{\"goal\":\"%s\",\"sol1\":\"%s\",\"sol2\":\"%s\",\"label\":%d}%n".formatted("go ".repeat(random.nextInt(5))
                    + random.nextInt(20), "a".repeat(1 + random.nextInt(9)), random.nextInt(9), random.nextInt(2)));
        }
        put("piqa/validation.jsonl", rows.toString());
        put("copa/validation.jsonl", "{\"premise\":\"It rained.\",\"choice1\":\"A\",\"choice2\":\"B\",\"question\":\"cause\",\"label\":0}\n");
        Files.writeString(shared.resolve("t.txt"), "one two three ".repeat(20));
        Path output = shared.resolve("one.json");
        Path samples = shared.resolve("one.jsonl");
        Cli.ok(arguments(shared.resolve("model"), output, "--device", "cpu", "--samples", samples.toString()));
        oneResult = Files.readString(output);
        oneSamples = Files.readString(samples);
    }

    private static void put(String file, String text) throws IOException {
        Path path = shared.resolve("data").resolve(file);
        Files.createDirectories(path.getParent());
        Files.writeString(path, text);
    }

    private static void save(Path folder, boolean broken) throws IOException {
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            OlmoeModel model = OlmoeModel.builder().setConfig(OlmoeConfig.builder().setVocabSize(257).setHiddenSize(16)
                    .setIntermediateSize(8).setNumHiddenLayers(1).setNumAttentionHeads(2).setNumExperts(2)
                    .setNumExpertsPerTok(1).setMaxPositionEmbeddings(64).optInitializerRange(0.3f)
                    .optPattern(StandardPattern.SP).build()).build();
            model.initialize(manager, DataType.FLOAT32, new Shape(1, 4));
            if (broken) {
                model.getEmbedding().getWeight().getArray().set(new NDIndex("65:120, 0"), Float.NaN);
            }
            HuggingFaceFolder.save(model, folder, TensorType.F32, HuggingFaceFolder.DEFAULT_SHARD_BYTES);
        }
        Files.writeString(folder.resolve("tokenizer.json"), new ByteTokenizer().toJson());
    }

    private static String[] arguments(Path model, Path output, String... more) {
        List<String> arguments = new ArrayList<>(List.of("eval", "--model", model.toString(), "--output", output.toString(), "--task", "piqa,copa",
                "--data", shared.resolve("data").toString(), "--text", shared.resolve("t.txt").toString(), "--batch-tokens", "256"));
        Collections.addAll(arguments, more);
        return arguments.toArray(String[]::new);
    }

    private String[] arguments(String... more) {
        return arguments(shared.resolve("model"), output, more);
    }

    @BeforeEach
    void nameTheOutputs() {
        output = folder.resolve("results.json");
        samples = folder.resolve("samples.jsonl");
    }

    private List<String> left() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).filter(name -> !name.endsWith(".lock")).sorted().toList();
        }
    }

    @Test
    void twoAndThreeDevicesGiveTheResultsOfOne() throws IOException {
        for (String devices : List.of("cpu,cpu", "cpu, cpu, CPU")) {
            Cli.ok(arguments("--devices", devices, "--samples", samples.toString(), "--overwrite"));
            String all = devices.contains(" ") ? "cpu(), cpu(), cpu()" : "cpu(), cpu()";
            assertEquals(oneResult.replace("\"device\" : \"cpu()\"", "\"device\" : \"" + all + "\""), Files.readString(output));
            assertEquals(oneSamples, Files.readString(samples));
            assertEquals(List.of("results.json", "samples.jsonl"), left());
        }
    }

    @Test
    void aKilledRunGoesOnWithAnotherNumberOfDevices() throws IOException {
        Path text = Files.write(folder.resolve("bad.txt"), new byte[] {(byte) 0xFF}); // is found when its turn comes
        Cli killed = Cli.run(arguments("--devices", "cpu,cpu", "--text", text.toString()));
        assertEquals(2, killed.code(), killed.err());
        Path journal = folder.resolve("results.json.progress");
        List<String> lines = Files.readAllLines(journal);
        Files.write(journal, lines.subList(0, lines.size() / 2));
        Cli.ok(arguments("--devices", "cpu,cpu,cpu", "--resume"));
        assertEquals(oneResult.replace("cpu()", "cpu(), cpu(), cpu()"), Files.readString(output));
        assertFalse(Files.exists(journal));
    }

    @Test
    void aDeviceThatFailsEndsAllInOneLine() throws IOException {
        Path broken = folder.resolve("broken");
        save(broken, true);
        String line = Cli.refused(arguments(broken, output, "--devices", "cpu,cpu"));
        assertTrue(line.startsWith("spattn: the model gives no number for a log-likelihood (got NaN)"), line);
    }

    @Test
    void threePartsAreMerged() throws IOException {
        for (int part : List.of(3, 1, 2)) {
            Cli result = Cli.ok(arguments("--device", "cpu", "--part", part + "/3"));
            assertEquals("", result.out());
            assertTrue(result.err().contains("part " + part + "/3 is finished, its scores are in " + output + ".part-" + part + "-of-3"),
                    result.err());
        }
        List<String> parts = List.of("results.json.part-1-of-3", "results.json.part-2-of-3", "results.json.part-3-of-3");
        assertEquals(parts, left());
        assertTrue(Cli.ok(arguments("--device", "cpu", "--part", "2/3", "--resume")).err().contains("part 2/3 is finished already"));
        assertEquals("spattn: the scores of part 2/3 in " + output + ".part-2-of-3 exists already: name another file, or add --overwrite to replace"
                + " it, or --resume to go on with it", Cli.refused(arguments("--device", "cpu", "--part", "2/3")));
        assertTrue(Cli.refused(arguments("--merge", "--pattern", "causal")).contains(" holds scores of another --pattern (sp, now causal)"));
        assertEquals(parts, left());
        Cli merged = Cli.ok(arguments("--merge", "--samples", samples.toString()));
        assertFalse(merged.err().contains("requests/s"), "something was computed: " + merged.err());
        assertTrue(merged.out().contains("piqa"), merged.out());
        assertEquals(oneResult, Files.readString(output));
        assertEquals(oneSamples, Files.readString(samples));
        assertEquals(List.of("results.json", "samples.jsonl"), left());
    }

    @Test
    void aKilledPartGoesOn() throws IOException {
        Cli.ok(arguments("--device", "cpu", "--part", "1/2"));
        Cli.ok(arguments("--devices", "cpu,cpu", "--part", "2/2"));
        Path part = folder.resolve("results.json.part-2-of-2");
        List<String> lines = Files.readAllLines(part);
        Files.delete(part);
        Files.write(folder.resolve("results.json.part-2-of-2.progress"), lines.subList(0, lines.size() / 2));
        assertTrue(Cli.refused(arguments("--merge")).contains("of 2 parts beside " + output + " 1 is not finished: compute it by --part 2/2"));
        Cli.ok(arguments("--devices", "cpu,cpu", "--part", "2/2", "--resume"));
        Cli.ok(arguments("--merge"));
        assertEquals(oneResult, Files.readString(output));
    }

    @Test
    void readyRequestsAreAnsweredInPartsToo() throws IOException {
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < 12; i++) {
            lines.append("{\"doc_id\":%d,\"idx\":0,\"request\":{\"context\":\"%s\",\"continuation\":\" b\"}}%n".formatted(i, "a".repeat(1 + 5 * (i % 6))));
        }
        Path requests = Files.writeString(folder.resolve("ready.jsonl"), lines);
        List<String> arguments = List.of("eval", "--model", shared.resolve("model").toString(), "--requests", requests.toString(), "--batch-tokens",
                "64");
        String whole = Cli.ok(with(arguments, "--device", "cpu")).out();
        for (String part : List.of("1/2", "2/2")) {
            Cli.ok(with(arguments, "--output", output.toString(), "--device", "cpu", "--part", part));
        }
        Cli.ok(with(arguments, "--output", output.toString(), "--merge"));
        assertEquals(whole, Files.readString(output));
    }

    private static String[] with(List<String> arguments, String... more) {
        return Stream.concat(arguments.stream(), Stream.of(more)).toArray(String[]::new);
    }

    @Test
    void badInputIsRefusedInOneLine() {
        assertEquals("spattn: --device and --devices exclude each other: give one", Cli.refused(arguments("--device", "cpu", "--devices", "cpu,cpu")));
        for (String list : List.of("", ",", "cpu,", "cpu,tpu", "cpu;cpu")) {
            String line = Cli.refused(arguments("--devices", list));
            assertTrue(line.contains("'--devices'") && line.contains("choose cpu, gpu, gpu:K"), line);
        }
        assertEquals("spattn: --probes computes on one device: give --device in place of --devices",
                Cli.refused(arguments("--devices", "cpu,cpu", "--probes", "loss")));
        assertTrue(Cli.refused(arguments("--part", "4/3")).contains("there is no part 4 of 3"));
        assertTrue(Cli.refused(arguments("--part", "x")).contains("a part must be I/N, such as 2/3"));
        assertTrue(Cli.refused(arguments("--merge")).contains("there are no parts to merge beside " + output));
        assertTrue(Cli.refused(arguments("--merge", "--device", "cpu")).contains("--merge computes nothing"));
        assertTrue(Cli.refused(arguments("--merge", "--part", "1/2")).contains("give one"));
        assertTrue(Cli.refused(arguments("--part", "1/2", "--probes", "loss")).contains("--part goes with scores, without --probes"));
        assertTrue(Cli.refused(arguments("--part", "1/2", "--samples", samples.toString())).contains("leave --samples and --json to --merge"));
        assertEquals("spattn: --part needs --output, the file beside which the parts' scores are kept", Cli.refused("eval", "--model",
                shared.resolve("model").toString(), "--text", shared.resolve("t.txt").toString(), "--part", "1/2"));
        Assumptions.assumeTrue(Engine.getEngine("PyTorch").getGpuCount() == 0, "PyTorch sees a GPU here");
        assertTrue(Cli.refused(arguments("--devices", "cpu,gpu:1")).contains("PyTorch sees no GPU"));
    }
}
