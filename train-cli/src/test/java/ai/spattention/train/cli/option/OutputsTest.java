package ai.spattention.train.cli.option;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.common.InvalidInputException;
import ai.spattention.train.cli.Cli;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class OutputsTest {

    @TempDir
    private Path folder;

    private Path input;

    @BeforeEach
    void makeInput() throws IOException {
        input = Files.writeString(Files.createDirectory(folder.resolve("in")).resolve("input"), "mine");
        Files.createLink(folder.resolve("hard"), input);
        Files.createSymbolicLink(folder.resolve("link"), input);
        Files.createSymbolicLink(folder.resolve("in-link"), folder.resolve("in"));
    }

    private static String refused(Executable action) {
        return assertThrows(InvalidInputException.class, action).getMessage();
    }

    @ParameterizedTest
    @ValueSource(strings = {"in/input", "in/./input", "in/../in/input", "link", "hard", "in-link/input"})
    void anInputIsNotWrittenUnderAnyName(String name) {
        Path output = folder.resolve(name);
        assertEquals("--output " + output + " would write over " + input + ", which --input reads: name another file",
                refused(() -> new Outputs().reads("--input", input).writes("--output", output)));
    }

    @ParameterizedTest
    @CsvSource({"one, ./one", "link, in/input", "in-link/new, in/new", "dangling, target"})
    void twoOutputsAreTwoFiles(String first, String second) throws IOException {
        Files.createSymbolicLink(folder.resolve("dangling"), Path.of("target"));
        Path one = folder.resolve(first);
        Path two = folder.resolve(second);
        assertEquals("--samples " + two + " is the same file as --output " + one + ": name another file",
                refused(() -> new Outputs().writes("--output", one).writes("--samples", two)));
        assertDoesNotThrow(() -> new Outputs().writes("--output", Path.of("/dev/null")).writes("--samples", Path.of("/dev/null")));
    }

    @ParameterizedTest
    @CsvSource({"config.json, true", "model.safetensors, true", "tokenizer.json, true", "generation_config.json, true",
        "results.json, false", "eval/config.json, false", "blob, true"})
    void aModelsFilesAreNotWritten(String name, boolean refused) throws IOException {
        Path model = folder.resolve("in");
        Files.createSymbolicLink(model.resolve("model-00001-of-00001.safetensors"), Files.createFile(model.resolve("blob")));
        Outputs outputs = new Outputs().readsModel("--model", folder.resolve("in-link"));
        if (refused) {
            assertTrue(refused(() -> outputs.writes("--output", model.resolve(name))).contains("which --model reads"));
        } else {
            assertDoesNotThrow(() -> outputs.writes("--output", model.resolve(name)));
        }
    }

    @ParameterizedTest
    @CsvSource({"piqa/validation.jsonl, true", "piqa/x/test-00000-of-00001.parquet, true", "results.json, false",
        "piqa/results.json, false", "validation.jsonl, false"})
    void aTasksRowsAreNotWritten(String name, boolean refused) {
        Executable write = () -> new Outputs().readsTasks("--data", folder).writes("--output", folder.resolve(name));
        if (refused) {
            assertTrue(refused(write).contains("which --data reads"));
        } else {
            assertDoesNotThrow(write);
        }
    }

    @Test
    void aRunsRecordsAreNotWritten() {
        Outputs outputs = new Outputs().readsRun("DIR", folder);
        for (String name : new String[] {"metrics.jsonl", "samples.jsonl", "config.yaml", "model/config.json"}) {
            assertTrue(refused(() -> outputs.writes("--output", folder.resolve(name))).contains("which DIR reads"), name);
        }
        assertDoesNotThrow(() -> outputs.writes("--output", folder.resolve("report.html")));
    }

    @ParameterizedTest
    @ValueSource(strings = {"in", "in/new", "in-link/new/deep", "in/../in"})
    void aFolderInsideAnInputIsRefused(String name) {
        assertTrue(refused(() -> new Outputs().reads("data.path", folder.resolve("in")).writesFolder("--output", folder.resolve(name)))
                .endsWith("which data.path reads: name a folder elsewhere"));
        assertDoesNotThrow(() -> new Outputs().reads("data.path", folder.resolve("in")).writesFolder("--output", folder.resolve("in2")));
    }

    @Test
    void whatCannotBeWrittenIsRefusedBeforeTheWork() {
        assertEquals("--output " + folder + " is a folder: name a file to write", refused(() -> new Outputs().writes("--output", folder)));
        assertEquals("cannot write " + input.resolve("x") + ": " + input.toAbsolutePath() + " is a file where a folder has to be",
                refused(() -> new Outputs().writes("--output", input.resolve("x"))));
        assertEquals("cannot write " + input.resolve("x") + ": " + input.toAbsolutePath() + " is a file where a folder has to be",
                refused(() -> new Outputs().writesFolder("--output", input.resolve("x"))));
    }

    @Test
    void commandsRefuseToWriteOverTheirInput() throws IOException {
        String file = input.toString();
        String model = folder.toString();
        for (String[] command : new String[][] {
            {"forward", "--model", model, "--input", file, "--output", folder.resolve("link").toString()},
            {"eval", "--model", model, "--text", file, "--output", folder.resolve("hard").toString()},
            {"eval", "--model", model, "--requests", file, "--output", "x", "--samples", file},
            {"eval", "--compare", Files.writeString(folder.resolve("a.md"), "{\"results\":{}}").toString(), "--output",
                folder.resolve("a.md").toString()},
            {"bench", "prepare", folder.resolve("in").toString(), "--tokenizer", "bytes", "--output", file}}) {
            String message = Cli.refused(command);
            assertTrue(message.contains(" would write over "), message);
        }
        String same = Cli.refused("eval", "--model", model, "--text", file, "--output", "out.json", "--samples", "./out.json");
        assertTrue(same.contains("is the same file as --output out.json"), same);
        String progress = Cli.refused("eval", "--model", model, "--text", file, "--output", "out", "--samples", "out.progress");
        assertTrue(progress.contains("is the same file"), progress);
        assertEquals("mine", Files.readString(input));
        assertFalse(Files.exists(Path.of("x")));
    }

    @ParameterizedTest
    @ValueSource(strings = {"eval --model x --text t --output", "eval --output o --text t --model", "eval --output o --model x --text",
        "forward --model x --input i --output", "report run --output", "report", "info", "mask --pattern sp --heads 2 --length 4 --png",
        "bench attention --output", "quickstart --output", "train --config quickstart --output",
        "prepare in --tokenizer bytes --output", "prepare --tokenizer bytes --output o", "prepare in --output o --tokenizer",
        "gpu-natives --output"})
    void anEmptyPathIsRefused(String command) {
        List<String> arguments = new ArrayList<>(List.of(command.split(" ")));
        arguments.add("");
        String message = Cli.refused(arguments.toArray(String[]::new));
        assertTrue(message.contains("empty"), message);
    }

    @Test
    void emptyPathsOfAConfigurationAreRefused() {
        assertTrue(Cli.refused("train", "--config", "quickstart", "--set", "data.path=").contains("names no data"));
    }
}
