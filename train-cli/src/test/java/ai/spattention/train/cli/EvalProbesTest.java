package ai.spattention.train.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.spattention.eval.measure.Bin;
import ai.spattention.eval.measure.Moments;
import ai.spattention.eval.probe.ProbeJson;
import ai.spattention.eval.probe.ProbeResult;
import ai.spattention.olmoe.checkpoint.HuggingFaceFolder;
import ai.spattention.olmoe.config.OlmoeConfig;
import ai.spattention.olmoe.model.OlmoeModel;
import ai.spattention.olmoe.safetensors.TensorType;
import ai.spattention.olmoe.tokenizer.ByteTokenizer;
import ai.spattention.pattern.StandardPattern;
import ai.spattention.train.SmallData;
import ai.spattention.train.TaskData;
import ai.spattention.train.data.TokenCountsFile;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code eval --probes} from the command line to its file, with a model of a few parameters. */
class EvalProbesTest {

    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    private static Path shared;

    private static Path model;
    private static Path data;

    @TempDir
    private Path folder;

    private Path output;

    @BeforeAll
    static void save() throws IOException {
        model = shared.resolve("model");
        data = shared.resolve("data");
        SmallData.prepare(data);
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            OlmoeModel block = OlmoeModel.builder().setConfig(OlmoeConfig.builder().setVocabSize(257).setHiddenSize(16)
                    .setIntermediateSize(8).setNumHiddenLayers(1).setNumAttentionHeads(2).setNumExperts(2).setNumExpertsPerTok(1)
                    .setMaxPositionEmbeddings(64).optInitializerRange(0.3f).optPattern(StandardPattern.SP).build()).build();
            block.initialize(manager, DataType.FLOAT32, new Shape(1, 4));
            HuggingFaceFolder.save(block, model, TensorType.F32, HuggingFaceFolder.DEFAULT_SHARD_BYTES);
        }
        Files.writeString(model.resolve("tokenizer.json"), new ByteTokenizer().toJson());
    }

    @BeforeEach
    void nameOutput() {
        output = folder.resolve("results.json");
    }

    private String[] arguments(String... more) {
        return Stream.concat(Stream.of("eval", "--model", model.toString(), "--device", "cpu", "--output", output.toString()),
                Stream.of(more)).toArray(String[]::new);
    }

    private List<ProbeResult> results() throws IOException {
        JsonNode root = JSON.readTree(output.toFile());
        assertTrue(root.path("results").isEmpty(), "nothing is scored beside");
        return ProbeJson.parse("probes", root.get("probes"));
    }

    private static Moments sum(ProbeResult result) {
        return result.bins().stream().map(Bin::moments).reduce(Moments.NONE, Moments::plus);
    }

    @Test
    void allProbesOfPreparedData() throws IOException {
        Cli.ok(arguments("--shards", data.toString(), "--limit", "5"));
        double loss = JSON.readTree(output.toFile()).get("results").get("data").get("loss").doubleValue();
        Cli result = Cli.ok(arguments("--shards", data.toString(), "--limit", "5", "--overwrite", "--probes", "all", "--probe-set",
                "copy.sequences=2",
                "--probe-set", "length.lengths=32,128", "--probe-set", "recall.rarer_than=1e-3"));
        List<ProbeResult> results = results();
        assertEquals(List.of("loss loss 64", "loss bits_per_byte 64", "position loss 64", "recall loss 64", "copy copy_score 64",
                "length loss 32", "length loss 32", "length loss 128", "length loss 128"),
                results.stream().map(each -> each.probe() + " " + each.measure() + " " + each.length()).toList());
        for (int i : new int[] {0, 2, 3}) {
            assertEquals(5 * 64, sum(results.get(i)).n());
            assertEquals(loss, sum(results.get(i)).mean(), 1e-6);
        }
        assertEquals("32", results.get(3).settings().get("recall.width"), "64 tokens over 2 heads");
        assertEquals(List.of("64", "sequence", "64", "sequence"), results.subList(5, 9).stream().map(ProbeResult::layout).toList());
        assertEquals("data validation", results.get(0).text());
        assertTrue(result.out().contains("probe     text             measure        length  layout    bin"), result.out());
        assertTrue(result.out().contains("unseen"), result.out());
        assertTrue(Files.exists(data.resolve(TokenCountsFile.FILE)), "counted once");
        assertFalse(Files.exists(folder.resolve("results.json.progress")));
        String first = Files.readString(output);
        Cli.ok(arguments("--shards", data.toString(), "--limit", "5", "--overwrite", "--probes", "loss,position,recall,copy,length", "--probe-set",
                "copy.sequences=2", "--probe-set", "length.lengths=32,128", "--probe-set", "recall.rarer_than=1e-3"));
        assertEquals(first, Files.readString(output), "the same numbers again");
    }

    @Test
    void textsAreProbedEachApart() throws IOException {
        Path one = Files.writeString(folder.resolve("one.txt"), "public static \u20ac".repeat(20));
        Path two = folder.resolve("two.jsonl");
        TaskData.put(two, "{\"text\":\"%s\"}%n{\"text\":\"%s\"}%n".formatted("int i = 0; ".repeat(12), "return;".repeat(9)));
        Cli.ok(arguments("--text", one.toString(), "--text", two.toString(), "--probes", "loss,position", "--layout-length", "16",
                "--document-mask", "--max-length", "50", "--probe-set", "position.edges=0,10"));
        List<ProbeResult> results = results();
        assertEquals(List.of("one.txt loss", "one.txt bits_per_byte", "one.txt loss", "two.jsonl loss", "two.jsonl bits_per_byte",
                "two.jsonl loss"), results.stream().map(each -> each.text() + " " + each.measure()).toList());
        assertEquals(List.of("[0,10)", "[10,50)"), results.get(2).bins().stream().map(Bin::label).toList());
        assertEquals("16", results.get(0).layout());
        assertEquals("true", results.get(0).settings().get("document_mask"));
        assertEquals(6 * 50, sum(results.get(0)).n()); // 20 times 17 bytes and the end are 341 tokens
        assertEquals(sum(results.get(0)).mean() / Math.log(2), sum(results.get(1)).mean(), 0.02);
    }

    @Test
    void tasksAreProbedWithBothLayouts() throws IOException {
        Path tasks = TaskData.write(folder.resolve("tasks"));
        Cli.ok(arguments("--task", "piqa", "--data", tasks.toString()));
        double accuracy = JSON.readTree(output.toFile()).get("results").get("piqa").get("acc").doubleValue();
        Cli.ok(arguments("--task", "piqa", "--data", tasks.toString(), "--probes", "all", "--overwrite"));
        assertEquals(List.of("bits_per_byte 64", "margin 64", "acc 64", "bits_per_byte sequence", "margin sequence", "acc sequence"),
                results().stream().map(each -> each.measure() + " " + each.layout()).toList());
        assertEquals(accuracy, sum(results().get(5)).mean(), 1e-12);
        assertEquals(3, sum(results().get(0)).n());
    }

    private String refused(String... more) {
        return Cli.refused(arguments(more));
    }

    @Test
    void refusesInOneLine() throws IOException {
        String shards = data.toString();
        Path text = Files.writeString(folder.resolve("short.txt"), "short");
        List<String> lines = new ArrayList<>();
        lines.add(refused("--shards", shards, "--probes", "recal"));
        lines.add(refused("--shards", shards, "--probes", "copy", "--max-length", "40"));
        lines.add(refused("--shards", shards, "--probes", "tasks"));
        lines.add(refused("--task", "piqa", "--data", shards, "--probes", "loss"));
        lines.add(refused("--text", text.toString(), "--probes", "recall"));
        lines.add(refused("--text", text.toString(), "--probes", "loss", "--max-length", "9"));
        lines.add(refused("--shards", shards, "--probes", "loss", "--probe-set", "copy.seed=x"));
        lines.add(refused("--shards", shards, "--probe-set", "copy.seed=1"));
        lines.add(refused("--shards", shards, "--probes", "loss", "--resume"));
        lines.add(refused("--shards", folder.resolve("none").toString(), "--probes", "loss"));
        List<String> expected = List.of("there is no probe 'recal': choose of all, loss, position, recall, copy, length, tasks",
                "the probe copy needs a window of at least 64 tokens: a copy of 32 and the shortest distance, 32 (got 40)",
                "the probe tasks needs --task with --data",
                "with --probes, --task needs the probe tasks",
                "the probes recall and copy need --shards: what is common is counted in its training split",
                "short.txt has no window of 9 tokens and the token after it to probe",
                "the probes' setting copy.seed must be a whole number (got 'x')",
                "--probe-set and --document-mask are for --probes: name the probes",
                "--probes goes with --task, --text and --shards, without --requests, --samples and --resume",
                "manifest.json: a folder of prepared data holds a manifest.json");
        for (int i = 0; i < lines.size(); i++) {
            assertTrue(lines.get(i).contains(expected.get(i)), lines.get(i) + "\nlacks " + expected.get(i));
        }
        assertFalse(Files.exists(output));
    }
}
