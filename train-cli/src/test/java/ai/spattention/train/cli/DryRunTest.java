package ai.spattention.train.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.train.SmallData;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DryRunTest {

    @TempDir
    private Path folder;

    private String[] dryRun(Path data, String... more) {
        List<String> arguments = new ArrayList<>(List.of("train", "--config", "quickstart", "--dry-run", "--device", "cpu",
                "--output", folder.resolve("run").toString()));
        SmallData.arguments(data).forEach(setting -> arguments.addAll(List.of("--set", setting)));
        arguments.addAll(List.of(more));
        return arguments.toArray(String[]::new);
    }

    private static String line(String text, String label) {
        return text.lines().map(String::strip).filter(line -> line.startsWith(label + " ")).findFirst()
                .orElseThrow(() -> new AssertionError("no " + label + " in\n" + text)).substring(label.length()).strip();
    }

    /** A place where nothing can be made is refused by a dry run, too, before anything is printed. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void refusesAPlaceWhereTheRunCouldNotWrite(boolean resume) throws IOException {
        Path data = folder.resolve("data");
        SmallData.prepare(data);
        Files.writeString(folder.resolve("file"), "x");
        String[] arguments = dryRun(data, resume ? "--resume" : "--quiet");
        arguments[Arrays.asList(arguments).indexOf("--output") + 1] = folder.resolve("file/run").toString();
        String line = Cli.refused(arguments);
        assertTrue(line.contains("file is a file where a folder has to be"), line);
    }

    @Test
    void tellsWhatTheRunWouldBeAndWritesNothing() throws IOException {
        Path data = folder.resolve("data");
        SmallData.prepare(data);
        String plan = Cli.ok(dryRun(data, "--set", "training.gradient_accumulation_steps=2", "--set", "training.steps=50",
                "--set", "schedule.type=wsd", "--set", "schedule.warmup_steps=10", "--set", "schedule.decay_tokens=7680")).out();
        assertEquals("384", line(plan, "tokens per step"));
        assertEquals("2", line(plan, "gradient accumulation steps"));
        assertEquals("float32", line(plan, "precision"));
        assertEquals("blocks, because the device is no GPU (got cpu)", line(plan, "pass"));
        assertEquals("none, the fastest", line(plan, "activation checkpointing"));
        assertEquals("50", line(plan, "steps"));
        assertEquals("35,392", line(plan, "parameters"));
        assertEquals("29,248", line(plan, "active parameters"));
        assertEquals("138.3 KiB", line(plan, "weights"));
        long sequences = Long.parseLong(line(plan, "sequences").replace(",", ""));
        assertEquals(50 * 8.0 / sequences, Double.parseDouble(line(plan, "epochs")), 5e-4);
        assertEquals("3.000e-04", line(plan, "step 1"));
        assertEquals("3.000e-03", line(plan, "step 10"));
        assertEquals("3.000e-03", line(plan, "step 30"), "the start of the decay");
        assertEquals("3.000e-04", line(plan, "step 50"));
        assertFalse(Files.exists(folder.resolve("run")));
        try (var entries = Files.list(folder)) {
            assertEquals(List.of(data), entries.toList());
        }
    }

    @Test
    void tellsTheRunAndFailsWhereThereIsNoData() {
        Cli later = Cli.run(dryRun(folder.resolve("later")));
        assertEquals("no", line(later.out(), "found"));
        assertFalse(later.out().contains("epochs"));
        assertEquals(2, later.code());
        assertTrue(later.err().contains(folder.resolve("later").toString()), later.err());
        Cli none = Cli.run("train", "--config", "olmoe-1b-7b", "--dry-run", "--device", "cpu");
        assertEquals("none", line(none.out(), "path"));
        assertEquals(2, none.code());
        assertEquals("spattn: preset olmoe-1b-7b names no data: set data.path to a folder of prepared data (--set data.path=DIR)", none.err().strip());
    }

    @Test
    void failsWhereTheMachineHasNotTheMemory() throws IOException {
        Path data = folder.resolve("data");
        SmallData.prepare(data);
        String[] large = {"--set", "training.micro_batch=100000000", "--set", "training.gradient_accumulation_steps=1"};
        Cli plan = Cli.run(dryRun(data, large));
        assertEquals(2, plan.code());
        assertEquals("100,000,000", line(plan.out(), "micro batch"));
        assertTrue(plan.err().startsWith("spattn: the run needs about ") && plan.err().contains("lower training.micro_batch"), plan.err());
        String[] run = Arrays.stream(dryRun(data, large)).filter(argument -> !argument.equals("--dry-run")).toArray(String[]::new);
        assertEquals(plan.err().strip(), Cli.refused(run));
        assertFalse(Files.exists(folder.resolve("run")));
    }

    @Test
    void refusesWhatTheRunWouldRefuse() throws IOException {
        Path data = folder.resolve("data");
        SmallData.prepare(data);
        assertTrue(Cli.refused(dryRun(data, "--set", "model.num_attention_heads=5")).contains("must divide"));
        assertTrue(Cli.refused(dryRun(data, "--set", "schedule.type=wsd")).contains("schedule.decay_steps"));
        assertTrue(Cli.refused(dryRun(data, "--set", "model.vocab_size=200")).contains("257"));
        assertTrue(Cli.refused(dryRun(data, "--set", "training.pass=plan")).contains("the device is no GPU (got cpu)"));
        assertTrue(Cli.refused(dryRun(data, "--set", "data.sequence_length=100000000")).contains("less than one sequence"));
        assertTrue(Cli.refused(dryRun(folder)).contains("manifest.json"), "a folder that is there has to be prepared data");
        Files.createDirectories(folder.resolve("run"));
        Files.writeString(folder.resolve("run").resolve("mine.txt"), "keep me");
        assertTrue(Cli.refused(dryRun(data)).contains("not empty"));
    }
}
