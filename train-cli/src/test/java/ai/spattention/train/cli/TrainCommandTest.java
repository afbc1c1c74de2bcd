package ai.spattention.train.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.eval.probe.ProbeJson;
import ai.spattention.eval.probe.ProbeResult;
import ai.spattention.olmoe.io.FolderLock;
import ai.spattention.olmoe.io.OwnFiles;
import ai.spattention.train.SmallData;
import ai.spattention.train.TaskData;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The commands that make and use a model, one after the other, as a user would. */
class TrainCommandTest {

    @TempDir
    private static Path data;

    @TempDir
    private Path folder;

    @BeforeAll
    static void prepare() throws IOException {
        SmallData.prepare(data);
    }

    private static String[] train(Path output, String... more) {
        List<String> arguments = new ArrayList<>(List.of("train", "--config", "quickstart", "--device", "cpu", "--output", output.toString()));
        SmallData.arguments(data).forEach(setting -> arguments.addAll(List.of("--set", setting)));
        arguments.addAll(List.of(more));
        return arguments.toArray(String[]::new);
    }

    @Test
    void leavesAFolderThatExplainsTheRun() throws IOException {
        Path run = folder.resolve("run");
        Cli result = Cli.ok(train(run));
        assertTrue(result.out().contains("validation loss"), result.out());
        for (String file : List.of("config.yaml", "versions.json", "metrics.jsonl", "samples.jsonl", "report.html", "model/config.json",
                "model/model.safetensors", "model/tokenizer.json", "checkpoints/step-00000006/manifest.json")) {
            assertTrue(Files.isRegularFile(run.resolve(file)), file);
        }
        List<String> lines = Files.readAllLines(run.resolve("metrics.jsonl"));
        assertEquals(6, lines.size());
        JsonNode last = new ObjectMapper().readTree(lines.get(5));
        for (String key : List.of("step", "tokens", "loss", "loss_aux", "learning_rate", "tokens_per_second", "validation_loss")) {
            assertTrue(last.path(key).isNumber(), key);
        }
        assertFalse(new ObjectMapper().readTree(lines.get(4)).has("validation_loss"), "not measured, not written");
    }

    @Test
    void leavesWhatItsProbesGive() throws IOException {
        Path run = folder.resolve("probed");
        Cli.ok(train(run, "--set", "validation.probes=[position, length]", "--set", "validation.every_steps=4", "--set",
                "validation.probe_settings=length.lengths=24"));
        for (String file : List.of("probes/step-00000004.json", "probes/step-00000006.json")) {
            assertEquals(List.of("position", "length", "length"),
                    ProbeJson.read(run.resolve(file)).stream().map(ProbeResult::probe).toList());
        }
        Cli.ok("info", run.toString());
    }

    @Test
    void theResolvedConfigurationRunsAgainToTheSameNumbers() throws IOException {
        Cli.ok(train(folder.resolve("a"), "--set", "training.steps=2"));
        assertTrue(Cli.ok("info", folder.resolve("a").toString()).out().contains("blocks, because the device is no GPU (got cpu)"),
                "how its passes went");
        Cli.ok("train", "--device", "cpu", "--config", folder.resolve("a").resolve("config.yaml").toString(), "--output",
                folder.resolve("b").toString());
        assertEquals(losses(folder.resolve("a")), losses(folder.resolve("b")));
    }

    @Test
    void resumesAndGoesOnInTheSameFiles() throws IOException {
        // a schedule that does not depend on the number of steps, for the first part is told of fewer
        Path whole = folder.resolve("whole");
        Cli.ok(train(whole, "--set", "schedule.type=constant"));
        Path cut = folder.resolve("cut");
        Cli.ok(train(cut, "--set", "schedule.type=constant", "--set", "training.steps=4"));
        Cli.ok(train(cut, "--set", "schedule.type=constant", "--resume"));
        assertEquals(losses(whole), losses(cut));
        assertEquals(-1, Files.mismatch(whole.resolve("model/model.safetensors"), cut.resolve("model/model.safetensors")));
    }

    @Test
    void aDamagedLineOfMetricsDoesNotKeepARunFromGoingOn() throws IOException {
        Path run = folder.resolve("run");
        Cli.ok(train(run, "--set", "schedule.type=constant", "--set", "training.steps=4"));
        List<Double> before = losses(run);
        List<String> lines = new ArrayList<>(Files.readAllLines(run.resolve("metrics.jsonl")));
        lines.set(1, lines.get(1).substring(5));
        Files.write(run.resolve("metrics.jsonl"), lines);
        assertTrue(Cli.ok("info", run.toString()).out().contains("damaged metrics lines"));
        Cli.ok(train(run, "--set", "schedule.type=constant", "--resume"));
        List<Double> after = losses(run);
        assertEquals(List.of(before.get(0), before.get(2), before.get(3)), after.subList(0, 3));
        assertEquals(5, after.size());
        assertEquals(List.of(lines.get(1)), Files.readAllLines(run.resolve("metrics.jsonl.damaged")));
    }

    @Test
    void refusesToGoOnWithAnotherLengthOfSequences() throws IOException {
        Path run = folder.resolve("run");
        Cli.ok(train(run, "--set", "training.steps=2"));
        String message = Cli.refused(train(run, "--resume", "--set", "data.sequence_length=24"));
        assertTrue(message.contains("data.sequence_length is 24, the checkpoint's is 48"), message);
    }

    @Test
    void refusesAPromptThatTheModelCannotReadAndWritesNothing() throws IOException {
        Path run = folder.resolve("run");
        for (String dryRun : List.of("--debug", "--dry-run")) {
            assertTrue(refused(train(run, dryRun, "--set", "sample.prompt=" + "x".repeat(60)))
                    .contains("sample.prompt must have from 1 to 47 tokens"));
        }
        assertFalse(Files.exists(run));
    }

    @Test
    void aFileInTheModelsPlaceIsNoticedBeforeTheFirstStep() throws IOException {
        Path run = folder.resolve("run");
        Cli.ok(train(run, "--set", "training.steps=2"));
        Files.move(run.resolve("model"), folder.resolve("away"));
        Files.writeString(run.resolve("model"), "mine");
        assertEquals("spattn: " + run.resolve("model") + " is a file: a folder has to be written there",
                Cli.refused(train(run, "--resume", "--set", "training.steps=3")));
        assertEquals("mine", Files.readString(run.resolve("model")));
    }

    @Test
    void aRunGoesOnWithItsOwnConfiguration() throws IOException {
        Path run = folder.resolve("run");
        Cli.ok(train(run, "--set", "training.steps=3", "--set", "schedule.type=constant"));
        String told = Cli.ok("train", "--device", "cpu", "--resume", "--output", run.toString(), "--set", "training.steps=5").out();
        assertTrue(told.startsWith("validation loss "), told);
        assertEquals(5, losses(run).size());
    }

    @Test
    void refusesAFolderThatAnotherRunWrites() throws IOException {
        Path run = folder.resolve("run");
        Cli.ok(train(run, "--set", "training.steps=2"));
        try (FolderLock lock = FolderLock.take(run.resolve(".lock"), run)) {
            String message = Cli.refused(train(run, "--resume"));
            assertTrue(message.contains("another process is writing to " + run), message);
        }
    }

    @Test
    void whatAUserPutIntoTheModelSurvivesTheNextPartOfTheRun() throws IOException {
        Path run = folder.resolve("run");
        Cli.ok(train(run, "--set", "training.steps=2"));
        Files.writeString(run.resolve("model/README.md"), "mine");
        Cli.ok(train(run, "--set", "training.steps=3", "--resume"));
        assertEquals("mine", Files.readString(run.resolve("model/README.md")));
        try (Stream<Path> names = Files.list(run)) {
            assertEquals(List.of(), names.filter(path -> path.toString().contains(".tmp-") || path.toString().contains(".old")
                    || path.endsWith(".lock")).toList());
        }
    }

    @Test
    void aModelThatIsALinkStopsTheRunBeforeItGoesOn() throws IOException {
        Path run = folder.resolve("run");
        Cli.ok(train(run, "--set", "training.steps=2"));
        Path elsewhere = folder.resolve("elsewhere");
        Files.move(run.resolve("model"), elsewhere);
        Files.createSymbolicLink(run.resolve("model"), elsewhere);
        String message = Cli.refused(train(run, "--set", "training.steps=3", "--resume"));
        assertTrue(message.contains(run.resolve("model") + " is a symbolic link"), message);
        assertTrue(Files.exists(elsewhere.resolve("model.safetensors")));
        assertEquals(2, losses(run).size());
    }

    @Test
    void refusesARunInItsData() {
        String message = Cli.refused(train(data.resolve("run")));
        assertTrue(message.contains("lies in " + data + ", which data.path reads"), message);
        assertFalse(Files.exists(data.resolve("run")));
    }

    @Test
    void refusesDataThatChangedBeforeTheFirstStep() throws IOException {
        Path own = folder.resolve("data");
        SmallData.prepare(own);
        Path shard = own.resolve("train/part-00000.npy");
        byte[] bytes = Files.readAllBytes(shard);
        bytes[1000] ^= 1;
        Files.write(shard, bytes);
        Path run = folder.resolve("run");
        for (String dryRun : List.of("--debug", "--dry-run")) {
            String message = refused(train(run, dryRun, "--set", "training.steps=2", "--set", "data.path=" + own));
            assertTrue(message.contains("part-00000.npy is not what was written"), message);
        }
        assertFalse(Files.exists(run));
    }

    @Test
    void refusesDataThatChangedSinceTheCheckpoint() throws IOException {
        Path own = folder.resolve("data");
        SmallData.prepare(own);
        Path run = folder.resolve("run");
        String[] arguments = train(run, "--set", "training.steps=2", "--set", "data.path=" + own);
        Cli.ok(arguments);
        Path shard = own.resolve("train/part-00000.npy");
        byte[] bytes = Files.readAllBytes(shard);
        bytes[1000] ^= 1;
        Files.write(shard, bytes);
        String message = Cli.refused("train", "--device", "cpu", "--resume", "--output", run.toString(), "--set", "training.steps=4");
        assertTrue(message.contains("part-00000.npy is not what was written"), message);
        assertEquals(2, losses(run).size());
    }

    @Test
    void theModelGeneratesAndAnswersForward() throws IOException {
        Path run = folder.resolve("run");
        Cli.ok(train(run, "--set", "training.steps=2"));
        String model = run.resolve("model").toString();
        String text = Cli.ok("generate", "--device", "cpu", "--model", model, "--prompt", "public", "--tokens", "12", "--seed", "3").out();
        assertTrue(text.startsWith("public"), text);
        assertEquals(text, Cli.ok("generate", "--device", "cpu", "--model", model, "--prompt", "public", "--tokens", "12", "--seed", "3").out());
        assertTrue(Cli.ok("generate", "--device", "cpu", "--model", model, "--prompt", "@\u001b[1m", "--tokens", "1").out()
                .startsWith("@\u001b[1m"), "a pipe gets the text as it is");
        assertTrue(Cli.refused("generate", "--device", "cpu", "--model", model, "--prompt", "x", "--top-p", "1.5").contains("1.5"));
        assertTrue(Cli.refused("generate", "--device", "cpu", "--model", model, "--prompt", "x", "--temperature", "-1").contains("-1"));
    }

    @Test
    void aRunsFolderStandsForItsModelOrItsNewestCheckpoint() throws IOException {
        Path run = folder.resolve("run");
        Cli.ok(train(run, "--set", "training.steps=2"));
        String[] fromRun = {"generate", "--device", "cpu", "--model", run.toString(), "--prompt", "public", "--tokens", "12"};
        String[] fromModel = fromRun.clone();
        fromModel[4] = run.resolve("model").toString();
        String text = Cli.ok(fromModel).out();
        assertEquals(text, Cli.ok(fromRun).out());
        OwnFiles.deleteTree(run.resolve("model"));
        Cli unfinished = Cli.ok(fromRun);
        assertEquals(text, unfinished.out());
        assertTrue(unfinished.err().contains("its checkpoint of step 2"), unfinished.err());
        assertTrue(Cli.refused("eval", "--device", "cpu", "--model", run.toString(), "--text", "README").contains("no model yet"));
        OwnFiles.deleteTree(run.resolve("checkpoints"));
        assertTrue(Cli.refused(fromRun).contains("neither a model nor a whole checkpoint"));
    }

    /** What is missing may be on a disk that is not there. */
    @Test
    void aRunWhoseCheckpointsAreAllDamagedIsNotBegunAnew() throws IOException {
        Path run = folder.resolve("run");
        Cli.ok(train(run, "--set", "training.steps=2", "--set", "checkpoint.every_steps=1"));
        String metrics = Files.readString(run.resolve("metrics.jsonl"));
        for (String step : List.of("step-00000001", "step-00000002")) {
            Files.move(run.resolve("checkpoints").resolve(step).resolve("optimizer.safetensors"), folder.resolve(step));
        }
        String refusal = Cli.refused("train", "--device", "cpu", "--resume", "--output", run.toString());
        assertTrue(refusal.startsWith("spattn: no checkpoint in " + run.resolve("checkpoints") + " is whole: bring back what they lack"), refusal);
        assertEquals(metrics, Files.readString(run.resolve("metrics.jsonl")));
        Files.move(folder.resolve("step-00000001"), run.resolve("checkpoints").resolve("step-00000001").resolve("optimizer.safetensors"));
        Cli resumed = Cli.ok("train", "--device", "cpu", "--resume", "--output", run.toString(), "--quiet");
        assertFalse(resumed.err().contains("beginning with step 1"), resumed.err());
    }

    @Test
    void quietLeavesResultsAndWarnings() throws IOException {
        Path run = folder.resolve("run");
        Cli loud = Cli.ok(train(run, "--set", "training.steps=2"));
        Cli quiet = Cli.ok(train(folder.resolve("quiet"), "--set", "training.steps=2", "--quiet"));
        assertEquals("", quiet.err());
        assertEquals(loud.out().replace(run.toString(), ""), quiet.out().replace(folder.resolve("quiet").toString(), ""));
        OwnFiles.deleteTree(run.resolve("checkpoints"));
        Cli warned = Cli.ok("train", "--device", "cpu", "--resume", "--output", run.toString(), "--quiet");
        assertEquals("warning: no checkpoint to resume from: beginning with step 1", warned.err().strip());
    }

    @Test
    void refusesBadInputAndWritesNothing() throws IOException {
        Path run = folder.resolve("run");
        assertTrue(Cli.refused(train(run, "--set", "model.nosuch=1")).contains("unknown key 'model.nosuch'"));
        assertTrue(Cli.refused(train(run, "--set", "model.num_attention_heads=5")).contains("must divide"));
        assertTrue(Cli.refused(train(run, "--set", "model.num_key_value_heads=3")).contains("must divide"));
        assertTrue(Cli.refused(train(run, "--set", "data.sequence_length=0")).contains("at least 2 (got 0)"));
        assertTrue(Cli.refused(train(run, "--set", "data.sequence_length=100000000")).contains("the run needs about"));
        assertTrue(Cli.refused(train(run, "--set", "data.path=" + folder)).contains("manifest.json"));
        assertTrue(Cli.refused("train", "--config", "no-such-preset").contains("unknown preset"));
        assertTrue(Cli.refused("train", "--config", "quickstart").contains("data.path"));
        assertTrue(Cli.refused("train", "--config", "quickstart", "--set", "data.path=" + data, "--resume").contains("--output"));
        assertFalse(Files.exists(run));
        Files.createDirectories(run);
        Files.writeString(run.resolve("mine.txt"), "keep me");
        assertTrue(Cli.refused(train(run)).contains("not empty"));
        assertEquals("keep me", Files.readString(run.resolve("mine.txt")));
        assertEquals(1, run.toFile().list().length);
    }

    @Test
    void scoresTasksOnTheWayAsEvalDoesAfterwards() throws IOException {
        Path tasks = TaskData.write(folder.resolve("tasks"));
        Path run = folder.resolve("run");
        Cli.ok(train(run, "--set", "evaluation.tasks=piqa,wikitext", "--set", "evaluation.data=" + tasks, "--set",
                "evaluation.every_steps=3", "--set", "training.peak_tflops=0.5"));
        List<String> lines = Files.readAllLines(run.resolve("metrics.jsonl"));
        assertTrue(new ObjectMapper().readTree(lines.get(2)).has("tasks"));
        assertFalse(new ObjectMapper().readTree(lines.get(3)).has("tasks"));
        JsonNode last = new ObjectMapper().readTree(lines.get(5)).get("tasks");
        Path results = folder.resolve("results.json");
        Cli.ok("eval", "--device", "cpu", "--model", run.resolve("model").toString(), "--task", "piqa,wikitext", "--data",
                tasks.toString(), "--output", results.toString());
        JsonNode after = new ObjectMapper().readTree(results.toFile()).get("results");
        for (String metric : List.of("acc", "acc_norm")) {
            assertEquals(after.get("piqa").get(metric).doubleValue(), last.get("piqa").get(metric).doubleValue());
        }
        assertEquals(after.get("wikitext").get("bits_per_byte").doubleValue(),
                last.get("wikitext").get("bits_per_byte").doubleValue(), 1e-6);
        assertEquals(0.5, new ObjectMapper().readTree(run.resolve("versions.json").toFile()).get("peak_tflops").doubleValue());
    }

    @Test
    void refusesTasksThatCannotBeScoredAndWritesNothing() throws IOException {
        Path tasks = TaskData.write(folder.resolve("tasks"));
        Path run = folder.resolve("run");
        String missing = "evaluation.data=" + folder.resolve("nowhere");
        for (String dryRun : List.of("--debug", "--dry-run")) {
            assertTrue(refused(train(run, dryRun, "--set", "evaluation.tasks=piqa", "--set", missing)).contains("not there"));
            assertTrue(refused(train(run, dryRun, "--set", "evaluation.tasks=boolq", "--set", "evaluation.data=" + tasks))
                    .contains("no data for 'boolq'"));
            assertTrue(refused(train(run, dryRun, "--set", "evaluation.tasks=pika", "--set", "evaluation.data=" + tasks))
                    .contains("did you mean piqa?"));
        }
        assertFalse(Files.exists(run));
    }

    private static String refused(String... arguments) {
        Cli result = Cli.run(arguments);
        assertEquals(2, result.code(), result.err());
        return result.err();
    }

    @Test
    void aFailureIsKeptUntilTheRunGoesOn() throws IOException {
        Path run = folder.resolve("run");
        String steps = "training.steps=30";
        assertEquals(1, Cli.run(train(run, "--set", steps, "--set", "optimizer.peak_lr=1e30", "--set", "schedule.warmup_steps=0"))
                .code());
        Cli.ok("report", run.toString());
        assertTrue(Files.readString(run.resolve("report.html")).contains("The run failed: the loss or a gradient was not finite"));
        assertTrue(Cli.ok("info", run.toString()).out().contains("the loss or a gradient was not finite"));
        Cli.ok(train(run, "--resume", "--set", "training.steps=2"));
        assertFalse(Files.readString(run.resolve("report.html")).contains("The run failed"));
        Cli.ok("report", run.toString());
        assertFalse(Files.readString(run.resolve("report.html")).contains("The run failed"));
    }

    private static List<Double> losses(Path run) throws IOException {
        List<Double> losses = new ArrayList<>();
        for (String line : Files.readAllLines(run.resolve("metrics.jsonl"))) {
            losses.add(new ObjectMapper().readTree(line).get("loss").doubleValue());
        }
        return losses;
    }
}
