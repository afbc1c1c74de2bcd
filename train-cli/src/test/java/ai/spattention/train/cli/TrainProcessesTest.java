package ai.spattention.train.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.spattention.train.SmallData;
import ai.spattention.train.cli.session.Processes;
import ai.spattention.train.config.RunConfig;
import ai.spattention.train.distributed.Collectives;
import ai.spattention.train.distributed.TurnCollectives;
import ai.spattention.train.distributed.WorkerIdentity;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** The command in several processes, which are threads here. */
class TrainProcessesTest {

    @TempDir
    private static Path data;

    @TempDir
    private Path folder;

    @BeforeAll
    static void prepare() throws IOException {
        SmallData.prepare(data);
    }

    private record Joined(Collectives collectives) implements Processes {

        @Override
        public WorkerIdentity identity() {
            return new WorkerIdentity(collectives.rank(), collectives.size(), collectives.rank(), collectives.size(), "127.0.0.1", 1);
        }

        @Override
        public Collectives join(RunConfig config, Device device, Path folder) {
            return collectives;
        }
    }

    /** What a process told on standard error where it failed. */
    private static String failure(Collectives collectives, List<String> arguments) {
        StringWriter told = new StringWriter();
        CommandLine command = new CommandLine(new TrainCommand(new Joined(collectives)));
        command.setErr(new PrintWriter(told)).setOut(new PrintWriter(new StringWriter()));
        command.setExecutionExceptionHandler((e, line, result) -> {
            told.append(e.getMessage());
            return 2;
        });
        command.execute(arguments.toArray(String[]::new));
        return told.toString();
    }

    private List<String> arguments(Path output, String... overrides) {
        List<String> all = new ArrayList<>(List.of("--config", "quickstart", "--device", "cpu"));
        if (output != null) {
            all.addAll(List.of("--output", output.toString()));
        }
        SmallData.arguments(data).forEach(setting -> all.addAll(List.of("--set", setting)));
        for (String override : overrides) {
            all.addAll(List.of("--set", override));
        }
        return all;
    }

    @Test
    void severalProcessesNeedAFolderThatAllSee() throws Exception {
        List<String> told = TurnCollectives.run(2, collectives -> failure(collectives, arguments(null)));
        assertEquals(List.of("a run of several processes needs --output, the folder that all of them see",
                "a run of several processes needs --output, the folder that all of them see"), told);
    }

    /** All alike, before they join and before anything is written. */
    @Test
    void processesThatDoNotDivideTheMicroBatchesAreRefused() throws Exception {
        Path output = folder.resolve("run");
        List<String> told = TurnCollectives.run(2, collectives -> failure(collectives, arguments(output,
                "training.gradient_accumulation_steps=3")));
        String refusal = "training.gradient_accumulation_steps must be a multiple of the number of processes, for each computes as many"
                + " micro-batches of a step (got 3 and 2 processes): set it to 4 or start another number of processes";
        assertEquals(List.of(refusal, refusal), told);
        assertFalse(Files.exists(output));
    }

    @Test
    void theFirstAloneWritesAndTells() throws Exception {
        Path output = folder.resolve("run");
        List<String> told = TurnCollectives.run(2, collectives -> failure(collectives, arguments(output,
                "training.gradient_accumulation_steps=2")));
        assertEquals(List.of("", ""), told);
        for (String file : List.of("config.yaml", "versions.json", "metrics.jsonl", "samples.jsonl", "report.html", "model/config.json")) {
            assertTrue(Files.exists(output.resolve(file)), file);
        }
        List<String> lines = Files.readAllLines(output.resolve("metrics.jsonl"));
        assertEquals(6, lines.size());
        assertTrue(lines.get(5).contains("\"step_seconds_slowest\":") && lines.get(5).contains("\"step_seconds_median\":"), lines.get(5));
        assertTrue(Files.readString(output.resolve("versions.json")).contains("\"processes\" : 2"));
        assertTrue(Files.readString(output.resolve("report.html")).contains("passes of the slowest process"));
    }
}
