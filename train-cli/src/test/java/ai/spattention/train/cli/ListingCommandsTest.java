package ai.spattention.train.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.train.config.Presets;
import ai.spattention.train.machine.Versions;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The commands that tell about this program. */
class ListingCommandsTest {

    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    private Path folder;

    @Test
    void helpTellsWhatTheOptionTells() {
        assertEquals(Cli.ok("--help").out(), Cli.ok("help").out());
        assertEquals(Cli.ok("train", "--help").out(), Cli.ok("help", "train").out());
        assertEquals(Cli.ok("bench", "attention", "--help").out(), Cli.ok("help", "bench", "attention").out());
        assertTrue(Cli.refused("help", "tran").startsWith("spattn: unknown command 'tran': did you mean train?"));
        assertEquals("spattn: unknown command 'x': spattn train has no commands below it", Cli.refused("help", "train", "x"));
    }

    @Test
    void versionsAreThoseThatResultsCarry() throws IOException {
        Map<?, ?> json = JSON.readValue(Cli.ok("version", "--json").out(), Map.class);
        assertEquals(Versions.all(), json);
    }

    @Test
    void aShellReadsTheCompletion() throws IOException, InterruptedException {
        String script = Cli.ok("completion", "bash").out();
        for (String word : new String[] {"quickstart", "completion", "--document-separator", "--batch-tokens"}) {
            assertTrue(script.contains(word), word);
        }
        assertTrue(Cli.ok("completion", "zsh").out().contains("bashcompinit"));
        assertTrue(Cli.refused("completion", "fish").contains("fish"));
        Path file = Files.writeString(folder.resolve("completion"), script);
        Process bash = new ProcessBuilder("bash", "-c", "source '" + file + "' && COMP_WORDS=(spattn quick) COMP_CWORD=1 && _complete_spattn"
                + " && echo \"${COMPREPLY[@]}\"").redirectErrorStream(true).start();
        String completed = new String(bash.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, bash.waitFor(), completed);
        assertEquals("quickstart", completed.strip());
    }

    @Test
    void presetsTellTheirSizesAndPurposes() throws IOException {
        JsonNode presets = JSON.readTree(Cli.ok("presets", "--json").out()).path("presets");
        assertEquals(Presets.names(), StreamSupport.stream(presets.spliterator(), false).map(preset -> preset.path("name").textValue()).toList());
        for (JsonNode preset : presets) {
            assertTrue(preset.path("total_params").longValue() > preset.path("active_params").longValue(), preset.toString());
            assertFalse(preset.path("purpose").textValue().isEmpty(), preset.toString());
        }
        String text = Cli.ok("presets").out();
        assertEquals(1 + presets.size(), text.lines().count());
        assertTrue(text.lines().anyMatch(line -> line.startsWith("olmoe-1b-7b ") && line.contains("6,919,161,856")), text);
    }

    @Test
    void tasksTellWhatDataTheyNeedAndWhetherItIsThere() throws IOException {
        Path data = Files.createDirectories(folder.resolve("data"));
        Path file = Files.createDirectories(data.resolve("piqa")).resolve("validation.jsonl");
        Files.writeString(file, "{}\n");
        Files.writeString(Files.createDirectories(data.resolve("mmlu/anatomy")).resolve("test.jsonl"), "{}\n");
        JsonNode tasks = JSON.readTree(Cli.ok("tasks", "--data", data.toString(), "--json").out()).path("tasks");
        JsonNode piqa = named(tasks, "piqa").path("members").path(0);
        assertTrue(piqa.path("found").booleanValue());
        assertEquals("validation", piqa.path("split").textValue());
        assertEquals(file.toString(), piqa.path("files").path(0).textValue());
        assertFalse(named(tasks, "boolq").path("members").path(0).path("found").booleanValue());
        assertEquals("piqa/validation.jsonl", piqa.path("looked_for").path(0).textValue());
        JsonNode mmlu = named(tasks, "mmlu");
        assertTrue(mmlu.path("group").booleanValue());
        assertEquals(57, mmlu.path("members").size());
        assertTrue(Cli.ok("tasks", "--data", data.toString(), "piqa").out().contains("validation in " + file));
        assertTrue(Cli.ok("tasks", "mmlu_stem").out().contains("mmlu_stem"));
        assertFalse(JSON.readTree(Cli.ok("tasks", "--json", "piqa").out()).path("tasks").path(0).path("members").path(0).has("found"));
        assertTrue(Cli.refused("tasks", "nosuch").contains("unknown task 'nosuch'"));
        assertTrue(Cli.refused("tasks", "--data", folder.resolve("no").toString()).contains("is not there"));
    }

    private static JsonNode named(JsonNode tasks, String name) {
        return StreamSupport.stream(tasks.spliterator(), false).filter(task -> task.path("name").textValue().equals(name)).findFirst().orElseThrow();
    }
}
