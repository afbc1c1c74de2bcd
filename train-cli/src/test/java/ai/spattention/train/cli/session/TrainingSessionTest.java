package ai.spattention.train.cli.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.tokenizer.ByteTokenizer;
import ai.spattention.train.Document;
import ai.spattention.train.TextData;
import ai.spattention.train.config.ConfigSource;
import ai.spattention.train.config.RunConfig;
import ai.spattention.train.config.RunConfigLoader;
import ai.spattention.train.loop.TrainingFailedException;
import ai.spattention.train.machine.Versions;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a run leaves in its folder besides the model, on a model of a few thousand parameters. */
class TrainingSessionTest {

    @TempDir
    Path temporary;

    private Path folder;
    private Path data;

    @BeforeEach
    void prepare() throws IOException {
        folder = temporary.resolve("run");
        data = temporary.resolve("data");
        List<Document> documents = IntStream.range(0, 40)
                .mapToObj(i -> new Document("doc" + i, "the quick brown fox jumps over the lazy dog ".repeat(4))).toList();
        TextData.prepare(documents, new ByteTokenizer(), document -> document.source().endsWith("7"), data);
    }

    private void train(String... overrides) throws IOException {
        List<String> all = Stream.concat(Stream.of("name=tiny", "data.path=" + data, "data.sequence_length=16",
                "model.hidden_size=16", "model.num_attention_heads=2", "model.num_hidden_layers=1", "model.num_experts=2",
                "model.intermediate_size=8", "training.micro_batch=2", "training.steps=4", "schedule.warmup_steps=0",
                "validation.every_steps=2", "validation.sequences=2", "sample.tokens=3"), Stream.of(overrides)).toList();
        RunConfig config = RunConfigLoader.load(ConfigSource.of("quickstart"), all);
        try (RunFolder run = RunFolder.create(folder)) {
            new TrainingSession(config, Device.cpu(), run, new PrintWriter(new StringWriter())).run(false);
        }
    }

    private String report() throws IOException {
        return Files.readString(folder.resolve("report.html"));
    }

    @Test
    void aRunLeavesItsVersionsAndItsReport() throws IOException {
        train();
        assertTrue(report().contains("4 of 4"), "the last step is on the page");
        assertTrue(report().contains("after step 4"), "the last sample too");
        JsonNode versions = new ObjectMapper().readTree(folder.resolve("versions.json").toFile());
        for (String key : List.of("spattention", "djl", "pytorch", "java", "os", "device")) {
            assertFalse(versions.path(key).asText().isEmpty(), key);
        }
        assertEquals(Versions.all().get("djl"), versions.path("djl").asText());
        assertTrue(versions.path("processors").asInt() >= 1);
    }

    @Test
    void aRunThatFailsLeavesItsReport() throws IOException {
        assertThrows(TrainingFailedException.class, () -> train("optimizer.peak_lr=1e30", "training.steps=60"));
        assertTrue(report().contains("The run failed: the loss or a gradient was not finite in 20 steps in a row"));
        assertTrue(report().contains("of 60"));
    }

    @Test
    void aRunThatNeverBeganLeavesNothing() {
        assertThrows(InvalidInputException.class, () -> train("model.vocab_size=5"));
        assertFalse(Files.exists(folder));
    }
}
