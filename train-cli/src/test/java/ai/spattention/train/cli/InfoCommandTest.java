package ai.spattention.train.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.engine.Engine;
import ai.spattention.train.SmallData;
import ai.spattention.train.data.PreparedData;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A small run, interrupted once, and what is told of its folders. */
class InfoCommandTest {

    @TempDir
    private static Path root;

    private static Path data;
    private static Path run;
    private static PreparedData prepared;

    @TempDir
    private Path folder;

    @BeforeAll
    static void train() throws IOException {
        data = root.resolve("data");
        run = root.resolve("run");
        prepared = SmallData.prepare(data);
        train("--set", "training.steps=3", "--set", "checkpoint.every_steps=2");
        Files.deleteIfExists(run.resolve("checkpoints").resolve("step-00000003").resolve("manifest.json")); // lost
        train("--set", "training.steps=4", "--set", "checkpoint.every_steps=2", "--resume");
    }

    private static void train(String... more) {
        List<String> arguments = new ArrayList<>(List.of("train", "--config", "quickstart", "--device", "cpu", "--output", run.toString()));
        SmallData.arguments(data).forEach(setting -> arguments.addAll(List.of("--set", setting)));
        arguments.addAll(List.of("--set", "schedule.type=constant"));
        arguments.addAll(List.of(more));
        Cli.ok(arguments.toArray(String[]::new));
    }

    private static JsonNode info(Path of, String... more) throws IOException {
        List<String> arguments = new ArrayList<>(List.of("info", of.toString(), "--json"));
        arguments.addAll(List.of(more));
        String out = Cli.ok(arguments.toArray(String[]::new)).out();
        assertEquals(1, out.lines().count());
        return new ObjectMapper().readTree(out);
    }

    @Test
    void tellsOfAModel() throws IOException {
        JsonNode model = info(run.resolve("model"));
        assertEquals("model", model.get("kind").asText());
        // E = 32, Q = 32, K = 16, I = 16, X = 4, k = 2, V = 257: projections 32 · 96, their norms 48, experts 1536 each
        long layer = 32 * 96 + 48 + 4 * (32 + 1536) + 64;
        assertEquals(2 * layer + 32 + 2 * 257 * 32, model.get("parameters").asLong());
        assertEquals(2 * (layer - 2 * 1536) + 32 + 2 * 257 * 32, model.get("active_parameters").asLong());
        assertEquals(List.of(2, 4, 2, 4, 2), List.of(model.get("layers").asInt(), model.get("heads").asInt(),
                model.get("key_value_heads").asInt(), model.get("experts").asInt(), model.get("experts_per_token").asInt()));
        assertEquals("sp", model.get("attention_pattern").asText());
        assertEquals("48", model.get("layout_length").asText());
        assertEquals("{\"bos\":null,\"eos\":{\"id\":256,\"text\":\"<|endoftext|>\",\"from\":\"tokenizer_config.json\"},\"pad\":null,"
                + "\"ends_generation\":[256],\"ends_from\":\"generation_config.json\"}", model.get("special_tokens").toString());
        assertEquals("F32", model.get("dtype").asText());
        assertEquals(1, model.get("shards").asInt());
        assertEquals(Files.size(run.resolve("model").resolve("model.safetensors")), model.get("size_bytes").asLong());
        JsonNode flops = model.get("flops_per_token");
        assertEquals(48, flops.get("length").asInt());
        // sp over N = 48 with 4 heads, w = 12, D = 8: head 0 sees d <= 12, the others that and a band of 12 of which one is shared
        long near = 13 * 48 - 13 * 12 / 2; // pairs at the distances 0 to 12: the sum of 48 - d
        long pairs = 4 * near + band(13, 23) + band(24, 35) + band(36, 47);
        long forward = 2 * (2 * (32 * 96 + 32 * 4 + 2 * 1536) + 257 * 32) + Math.round(4.0 * 2 * 8 * pairs / 48);
        assertEquals(forward, flops.get("forward").asLong(), 1);
        assertEquals(3 * forward, flops.get("training").asLong(), 3);
    }

    private static long band(int from, int to) {
        long pairs = 0;
        for (int distance = from; distance <= to; distance++) {
            pairs += 48 - distance;
        }
        return pairs;
    }

    @Test
    void tellsOfARun() throws IOException {
        JsonNode told = info(run);
        assertEquals("run", told.get("kind").asText());
        assertEquals("quickstart", told.get("name").asText());
        assertEquals("float32", told.get("precision").asText());
        assertEquals("auto", told.get("kernel").asText());
        assertEquals(4, told.get("steps_done").asInt());
        assertEquals(4, told.get("steps").asInt());
        assertEquals(4 * 4 * 48, told.get("tokens").asInt());
        List<String> lines = Files.readAllLines(run.resolve("metrics.jsonl"));
        JsonNode last = new ObjectMapper().readTree(lines.get(lines.size() - 1));
        assertEquals(last.get("loss"), told.get("loss"));
        assertEquals(last.get("validation_loss"), told.get("validation_loss"));
        assertEquals(4, told.get("validation_step").asInt());
        assertTrue(told.get("checkpoints").toString().endsWith("4]"), told.get("checkpoints").toString());
        assertTrue(told.get("model_saved").asBoolean());
        assertEquals(info(run.resolve("model")).get("parameters"), told.get("model").get("parameters"));
        assertEquals(Engine.getDjlVersion(), told.get("versions").get("djl").asText());
    }

    @Test
    void tellsOfARunThatHasJustBegun() throws IOException {
        Files.copy(run.resolve("config.yaml"), folder.resolve("config.yaml"));
        JsonNode told = info(folder);
        assertEquals(0, told.get("steps_done").asInt());
        assertTrue(told.get("loss").isNull() && told.get("validation_loss").isNull() && told.get("versions").isNull());
        assertEquals("[]", told.get("checkpoints").toString());
    }

    @Test
    void tellsOfData() throws IOException {
        JsonNode told = info(data);
        assertEquals("data", told.get("kind").asText());
        assertEquals(prepared.manifest().fingerprint(), told.get("fingerprint").asText());
        assertEquals(1, told.get("train").get("shards").asInt());
        assertEquals(Files.size(data.resolve("train/part-00000.npy")) / 2, told.get("train").get("tokens").asLong());
        assertTrue(told.get("train").get("documents").asInt() > 50 && told.get("validation").get("documents").asInt() > 5);
        assertEquals("uint16", told.get("dtype").asText());
        assertEquals(257, told.get("tokenizer").get("vocabulary").asInt());
        assertTrue(told.path("verified").isMissingNode());
        assertTrue(info(data, "--verify").get("verified").asBoolean());
    }

    @Test
    void noticesAChangedByteWhenAskedTo() throws IOException {
        SmallData.prepare(folder);
        Path shard = folder.resolve("validation/part-00000.npy");
        byte[] bytes = Files.readAllBytes(shard);
        bytes[10] ^= 1;
        Files.write(shard, bytes);
        info(folder);
        String message = Cli.refused("info", folder.toString(), "--verify");
        assertTrue(message.contains(shard + " is not what was written"), message);
    }

    @Test
    void drawsTextForPeople() {
        String text = Cli.ok("info", run.toString()).out();
        assertTrue(text.startsWith("kind "), text);
        assertTrue(text.matches("(?s).*\nsteps done +4\n.*"), text);
        assertTrue(text.contains("\n  attention pattern  sp\n"), text);
    }

    @Test
    void refusesWhatIsNoneOfThem() throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "");
        assertEquals("spattn: there is no folder " + folder.resolve("none"), Cli.refused("info", folder.resolve("none").toString()));
        assertEquals("spattn: " + file + " is a file: name a folder", Cli.refused("info", file.toString()));
        assertTrue(Cli.refused("info", folder.toString()).contains("no model (it has no config.json), no run"));
        assertTrue(Cli.refused("info", run.resolve("checkpoints/step-00000004").toString()).contains("is a checkpoint"));
        assertTrue(Cli.refused("info", run.toString(), "--verify").contains("is a run: --verify"));
        assertTrue(Cli.refused("info", run.resolve("model").toString(), "--verify").contains("is a model: --verify"));
        Files.writeString(folder.resolve("config.json"), "{}");
        assertTrue(Cli.refused("info", folder.toString()).contains("lacks 'vocab_size'"));
    }

    @Test
    void theRunLeftAHistoryForTensorBoard() throws IOException {
        try (var files = Files.list(run.resolve("tensorboard"))) {
            List<String> names = files.map(file -> file.getFileName().toString()).sorted().toList();
            assertEquals(2, names.size(), "one for each time that it ran");
            assertTrue(names.stream().allMatch(name -> name.matches("events\\.out\\.tfevents\\.[0-9]{10}\\.spattention")), names.toString());
        }
    }
}
