package ai.spattention.eval.task;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.common.InvalidInputException;
import ai.spattention.eval.data.Row;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TaskFileTest {

    private static final String GOOD = """
            task: colours
            version: "1"
            kind: multiple_choice
            evaluate: [validation]
            description: "Colours.\\n"
            prompt: "{{ thing }} is"
            choices: ["{{ a }}", "{{ b }}"]
            gold: "{{ label }}"
            metrics: [acc, acc_norm]
            """;

    @TempDir
    private Path folder;

    private TaskSpec read(String yaml) throws IOException {
        return new TaskCatalog().find(Files.writeString(folder.resolve("colours.yaml"), yaml).toString()).tasks().get(0);
    }

    private String refused(String yaml) {
        String message = assertThrows(InvalidInputException.class, () -> read(yaml)).getMessage();
        assertEquals(1, message.lines().count(), message);
        assertTrue(message.contains("colours.yaml"), message);
        return message;
    }

    @Test
    void aByteOrderMarkIsPassedOver() throws IOException {
        assertEquals("colours", read("\uFEFF" + GOOD).task());
    }

    @Test
    void whatIsNoTaskFileIsNamed() throws IOException {
        assertTrue(refused("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n").contains("git lfs pull"));
        Files.createDirectory(folder.resolve("folder.yaml"));
        assertEquals(folder.resolve("folder.yaml") + " is a folder: name a file", assertThrows(InvalidInputException.class,
                () -> new TaskCatalog().find(folder.resolve("folder.yaml").toString())).getMessage());
    }

    @Test
    void aUsersTaskWorks() throws IOException {
        Row row = new Row(Path.of("x"), 1, Map.of("thing", "Grass", "a", "red", "b", "green", "label", 1));
        Question question = new TaskRows(read(GOOD), List.of(), false, 0).question(row);
        assertEquals(new Question.Choice("Colours.\nGrass is", " green", "green"), question.choices().get(1));
        assertEquals(1, question.gold());
        assertEquals("colours", read(GOOD).folder());
    }

    @Test
    void refusesWhatIsNotATask() {
        assertTrue(refused(GOOD + "colour: blue\n").contains("Unrecognized field \"colour\""));
        assertTrue(refused(GOOD + "gold: \"0\"\n").contains("Duplicate"));
        assertTrue(refused(GOOD.replace("version: \"1\"\n", "")).contains("version"));
        assertTrue(refused(GOOD.replace("acc_norm", "f1")).contains("f1"));
        assertTrue(refused(GOOD.replace("acc_norm", "\"f\\n1\"")).contains("unknown metric 'f\\n1'"));
        assertTrue(refused(GOOD.replace("acc_norm", "bits_per_byte")).contains("'bits_per_byte' is not one of its kind"));
        assertTrue(refused(GOOD.replace("multiple_choice", "essay")).contains("essay"));
        assertTrue(refused(GOOD.replace("prompt:", "text:")).contains("it needs 'prompt' and 'choices'"));
        assertTrue(refused(GOOD.replace("gold: \"{{ label }}\"\n", "")).contains("it needs 'gold'"));
        assertTrue(refused(GOOD.replace("{{ thing }}", "{{ thing ")).contains("template"));
        assertTrue(refused("").contains("colours.yaml"));
        assertTrue(refused("- a\n- b\n").contains("colours.yaml"));
    }

    @Test
    void refusesWhatIsTooLargeOrDeepOrRunsCode() throws IOException {
        assertTrue(refused(GOOD + "# " + "x".repeat(30_000_000)).contains("is larger than 1 MiB (30000"));
        assertTrue(refused(GOOD.replace("{{ thing }} is", "{".repeat(900_000))).contains("template"));
        assertTrue(refused(GOOD.replace("acc, acc_norm", "[".repeat(100_000))).contains("nests more than 20 deep"));
        assertTrue(refused(GOOD.replace("version: \"1\"", "version: &v \"1\"\nfolder: *v")).contains("line 3: '*v' is an alias"));
        assertTrue(refused(GOOD.replace("\"{{ label }}\"", "!function utils.gold")).contains("line 8: the tag '!function' is not"));
        Path latin = Files.write(folder.resolve("colours.yaml"), new byte[] {'t', ':', ' ', (byte) 0xe9});
        assertEquals(latin + " is not text in UTF-8: convert it, or leave it out",
                assertThrows(InvalidInputException.class, () -> new TaskCatalog().find(latin.toString())).getMessage());
    }

    @Test
    void refusesValuesThatAreMissing() {
        for (String line : GOOD.lines().filter(each -> !each.startsWith("description")).toList()) {
            refused(GOOD.replace(line, line.replaceFirst(":.*", ":")));
        }
        refused(GOOD.replace("[validation]", "[~]"));
        refused(GOOD.replace("acc_norm", "~"));
        refused(GOOD.replace("\"{{ b }}\"", "~"));
    }

    @Test
    void refusesAFileThatIsNotThere() {
        assertThrows(InvalidInputException.class, () -> new TaskCatalog().find(folder.resolve("no.yaml").toString()));
    }
}
