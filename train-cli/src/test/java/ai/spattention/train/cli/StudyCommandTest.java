package ai.spattention.train.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.train.SmallData;
import ai.spattention.train.study.analysis.LossAnalysis;
import ai.spattention.train.study.result.ResultFiles;
import ai.spattention.train.study.result.RunResult;
import ai.spattention.train.study.result.StudyResult;
import ai.spattention.train.study.statistics.Verdict;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A study as a user does it, of models of a few thousand parameters. */
class StudyCommandTest {

    @TempDir
    private static Path data;

    @TempDir
    private Path folder;

    private Path config;
    private Path output;

    @BeforeAll
    static void prepare() throws IOException {
        SmallData.prepare(data);
    }

    /** Two of the arms compute the same, tile by tile and all at once. */
    @BeforeEach
    void writeTheStudy() throws IOException {
        output = folder.resolve("out");
        config = folder.resolve("study.yaml");
        StringBuilder text = new StringBuilder("name: small\nbase: quickstart\nreference: causal\nmargin: 0.01\nseeds: [1, 2]\n");
        text.append("data: ").append(data).append("\nsettings:\n");
        SmallData.arguments(data).stream().filter(setting -> !setting.startsWith("data.path") && !setting.startsWith("training.steps")
                && !setting.startsWith("model.attention")).forEach(setting -> text.append("  ").append(setting.replace("=", ": ")).append('\n'));
        text.append("""
                arms:
                  causal: {model.attention_pattern: causal, model.kernel: tiled}
                  window: {model.attention_pattern: "window:47", model.kernel: tiled, description: as wide as a sequence}
                  exclusive: {model.attention_pattern: exclusive, model.kernel: tiled}
                parts:
                  breadth: {steps: 4}
                  depth: {steps: 6, arms: [causal, exclusive], seeds: [1]}
                probes: [position]
                """);
        Files.writeString(config, text);
    }

    private String[] study(String... more) {
        List<String> arguments = new ArrayList<>(List.of("study", "--config", config.toString(), "--output", output.toString(), "--device", "cpu"));
        arguments.addAll(List.of(more));
        return arguments.toArray(String[]::new);
    }

    private StudyResult result() throws IOException {
        return ResultFiles.readStudy(output.resolve("study.json"));
    }

    @Test
    void trainsProbesAndReports() throws IOException {
        Cli.ok(study());
        StudyResult result = result();
        assertEquals(8, result.runs().size());
        assertEquals(List.of("validation"), result.sets());
        assertEquals(List.of("breadth causal seed 1", "breadth window seed 1", "breadth exclusive seed 1", "breadth causal seed 2"),
                result.runs().stream().limit(4).map(RunResult::name).toList());
        Map<String, RunResult> runs = new HashMap<>();
        result.runs().forEach(run -> runs.put(run.name(), run));
        assertEquals(runs.get("breadth causal seed 1").heldOut(), runs.get("breadth window seed 1").heldOut(), "the same numbers, bit by bit");
        assertEquals(runs.get("breadth causal seed 1").curve().get(0).loss(), runs.get("breadth exclusive seed 1").curve().get(0).loss(), 5e-2,
                "the same weights read the same text");
        RunResult run = runs.get("depth exclusive seed 1");
        assertEquals(6, run.steps());
        double ofPositions = run.probes().get(0).bins().stream().mapToDouble(bin -> bin.moments().sum()).sum();
        assertEquals(run.heldOut().get("validation").nats().sum(), ofPositions, 1e-6 * ofPositions, "positions add up to the loss");
        LossAnalysis analysis = LossAnalysis.of(result, result.parts().get(0), "validation");
        assertEquals(Verdict.EQUAL, verdict(analysis, "window"));
        for (String file : List.of("study.html", "runs.csv", "study.yaml", "runs/breadth/causal/seed-1/metrics.jsonl",
                "runs/breadth/causal/seed-1/config.yaml")) {
            assertTrue(Files.size(output.resolve(file)) > 0, file);
        }
        try (Stream<Path> all = Files.walk(output)) {
            assertFalse(all.anyMatch(file -> file.endsWith("checkpoints")), "finished runs keep none");
        }
        String page = Files.readString(output.resolve("study.html"));
        assertFalse(page.contains("NaN"), "a number that is none");
    }

    private static Verdict verdict(LossAnalysis analysis, String arm) {
        return analysis.comparisons().stream().filter(comparison -> comparison.difference().arm().equals(arm)).findFirst().orElseThrow().verdict();
    }

    @Test
    void goesOnWhereItWasAndReportsWhatThereIs() throws IOException {
        Cli.ok(study("--only", "depth"));
        assertEquals(2, result().runs().size());
        long finished = Files.getLastModifiedTime(output.resolve("runs/depth/causal/seed-1/result.json")).toMillis();
        Files.delete(output.resolve("runs/depth/exclusive/seed-1/result.json")); // killed just before it was written
        Files.delete(output.resolve("study.json"));
        Cli.ok(study("--report"));
        assertEquals(1, result().runs().size());
        Cli.ok(study("--only", "depth"));
        assertEquals(2, result().runs().size());
        assertEquals(finished, Files.getLastModifiedTime(output.resolve("runs/depth/causal/seed-1/result.json")).toMillis());
    }

    @Test
    void aDryRunTellsHowLongItTakesAndKeepsNothing() {
        Cli result = Cli.ok(study("--dry-run"));
        assertTrue(result.out().lines().anyMatch(line -> line.startsWith("exclusive")), result.out());
        assertTrue(result.out().contains("all together about "), result.out());
        assertFalse(Files.exists(output));
    }

    @Test
    void saysWhichHeldOutSetIsTooShort() throws IOException {
        Path text = Files.writeString(folder.resolve("text.txt"), "some text to learn from, \n".repeat(500));
        Path few = Files.writeString(folder.resolve("few.txt"), "a few words");
        Path much = Files.writeString(folder.resolve("much.txt"), "other text to measure with, \n".repeat(90));
        Path sets = folder.resolve("sets");
        Cli.ok("prepare", text.toString(), "--tokenizer", "bytes", "--output", sets.toString(), "--validation", "few=" + few,
                "--validation", "much=" + much);
        String told = Cli.ok(study("--dry-run", "--shards", sets.toString())).err();
        assertTrue(told.contains("the held-out set 'few' is left out: it holds no sequence of 48 tokens and the token after it"), told);
        assertFalse(told.contains("'much'"), told);
    }

    @Test
    void refusesInOneLineBeforeAnythingRuns() throws IOException {
        String text = Files.readString(config);
        Files.writeString(config, text.replace("steps: 4", "steps: 400000"));
        String few = Cli.refused(study());
        assertTrue(few.matches("spattn: \\Q" + config + "\\E: the training data holds \\d+ sequences of 48 tokens, the study's longest runs learn"
                + " from 1600000, none of them twice: prepare more text, or lower the parts' steps"), few);
        Files.writeString(config, text.replace("model.attention_pattern: exclusive", "model.attention_patern: exclusive"));
        assertTrue(Cli.refused(study()).startsWith("spattn: " + config + ": arms.exclusive: model.attention_patern=exclusive: "));
        Files.writeString(config, text.replace("margin: 0.01", "margin: 0.01\nheld_out: [books]"));
        assertTrue(Cli.refused(study()).contains("held_out must be of the data's held-out sets"));
        Files.writeString(config, text.replace("model.attention_pattern: exclusive", "model.attention_pattern: exclusive, data.validation_path: x"));
        assertTrue(Cli.refused(study()).endsWith("without data.validation_path: prepare them with the data, --validation NAME=INPUT"));
        Files.writeString(config, text.replace("probes: [position]", "probes: [copy]"));
        assertTrue(Cli.refused(study()).contains("the probe copy needs a window of at least"));
        Files.writeString(config, text);
        assertEquals("spattn: --only must name one of the parts breadth, depth (got 'width')", Cli.refused(study("--only", "width")));
        assertEquals("spattn: --minutes must be above 0 (got 0.0)", Cli.refused(study("--minutes", "0")));
        assertEquals("spattn: there is no study in " + output + ": do its runs first, without --report", Cli.refused(study("--report")));
        String[] several = Arrays.stream(study("--devices", "cpu,cpu")).filter(argument -> !argument.equals("--device") && !argument.equals("cpu"))
                .toArray(String[]::new);
        assertEquals("spattn: --devices must name different ones, for each does a run of its own (got cpu, cpu)", Cli.refused(several));
        assertEquals("spattn: --device and --devices exclude each other: give one", Cli.refused(study("--devices", "cpu")));
        assertFalse(Files.exists(output));
    }
}
