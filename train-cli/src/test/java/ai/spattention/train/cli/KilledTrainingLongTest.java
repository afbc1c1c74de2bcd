package ai.spattention.train.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import ai.spattention.train.KillChain;
import ai.spattention.train.SmallData;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** However often a run is killed, in the end it is the run that nobody disturbed, to the bit. */
class KilledTrainingLongTest {

    @TempDir
    private Path folder;

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aHundredKillsChangeNothing(boolean asynchronous) throws Exception {
        Path data = folder.resolve("data");
        SmallData.prepare(data);
        new KillChain("training", folder.resolve("log")).run(folder, run -> command(data, run, asynchronous), run -> {
            Path whole = folder.resolve("timed");
            assertEquals(measured(whole), measured(run));
            for (String file : List.of("samples.jsonl", "model/model.safetensors", "model/config.json", "model/tokenizer.json")) {
                assertEquals(-1, Files.mismatch(whole.resolve(file), run.resolve(file)), file);
            }
            assertFalse(Files.exists(run.resolve("metrics.jsonl.damaged")));
        });
    }

    private static List<String> command(Path data, Path run, boolean asynchronous) {
        List<String> command = new ArrayList<>(List.of(Main.class.getName(), "train", "--device", "cpu", "--resume", "--output",
                run.toString(), "--config", "quickstart"));
        SmallData.arguments(data).forEach(setting -> command.addAll(List.of("--set", setting)));
        for (String setting : List.of("training.steps=100", "checkpoint.every_steps=7", "validation.every_steps=20",
                "sample.every_steps=40", "model.attention_dropout=0.1", "checkpoint.asynchronous=" + asynchronous)) {
            command.addAll(List.of("--set", setting));
        }
        return command;
    }

    /** All of the metrics but what is of the machine. */
    private static List<String> measured(Path run) throws IOException {
        return Files.readAllLines(run.resolve("metrics.jsonl")).stream()
                .map(line -> line.replaceAll("\"(tokens_per_second|time_s|memory_mb|checkpoint_seconds)\":[^,}]*,?", "")).toList();
    }
}
