package ai.spattention.train.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ValidationFoldersTest {

    @TempDir
    private Path folder;

    private RunConfig load(String value) throws IOException {
        Path file = folder.resolve("run.yaml");
        Files.writeString(file, "extends: quickstart\ndata:\n  validation_path: " + value + "\n");
        return RunConfigLoader.load(ConfigSource.file(file), List.of());
    }

    /** As text, so that their order counts. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        "`\"\"`                            | {}",
        "a/b                             | {validation=a/b}",
        "a,b                             | {validation=a,b}",
        "[a/wiki, x=a/books]             | {wiki=a/wiki, x=a/books}",
        "[a/wiki]                        | {wiki=a/wiki}",
        "{wiki: a/b, books: c}           | {wiki=a/b, books=c}",
        "wiki=a/b,books=c                | {wiki=a/b, books=c}",
        "wiki=a,b,books=c                | {wiki=a,b, books=c}",
        "./a=b                           | {validation=./a=b}",
    })
    void isReadInEveryForm(String value, String expected) throws IOException {
        RunConfig config = load(value);
        assertEquals(expected, config.data().validationPath().byName().toString());
        Path resolved = Files.writeString(folder.resolve("resolved.yaml"), RunConfigWriter.toYaml(config));
        assertEquals(new ArrayList<>(config.data().validationPath().byName().entrySet()), new ArrayList<>(RunConfigLoader.load(
                ConfigSource.file(resolved), List.of()).data().validationPath().byName().entrySet()), "written and read again");
    }

    @Test
    void aLaterValueReplacesTheWhole() throws IOException {
        load("{wiki: a, books: b}");
        Path child = Files.writeString(folder.resolve("child.yaml"), "extends: run.yaml\ndata:\n  validation_path:\n    java: c\n");
        assertEquals(Map.of("java", "c"), RunConfigLoader.load(ConfigSource.file(child), List.of()).data().validationPath().byName());
        assertEquals(Map.of("validation", "d"), RunConfigLoader.load(ConfigSource.file(child), List.of("data.validation_path=d")).data()
                .validationPath().byName());
        assertEquals(ValidationFolders.NONE, RunConfigLoader.load(ConfigSource.file(child), List.of("data.validation_path=")).data()
                .validationPath());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        "null            | data.validation_path must be a folder, a list of folders, or names with folders below it (got null)",
        "{a: 1}          | data.validation_path must be a folder, a list of them, or names with folders: put numbers and the like in quotes",
        "{a: b, a: c}    | the key 'data.validation_path.a' was given before: give it once",
        "{a: {b: c}}     | 'data.validation_path.a' must not hold lists or keys of its own",
        "[[a]]           | 'data.validation_path' must not hold lists or keys of its own",
        "[x/a, y/a]      | data.validation_path has the name 'a' twice: give each folder a name of its own (NAME=FOLDER)",
        "{a/b: c}        | and not 'train' (got 'a/b')",
        "{train: c}      | and not 'train' (got 'train')",
        "[/]             | data.validation_path must name folders of prepared data (got '/')",
        "{a: ' '}        | data.validation_path must name folders of prepared data (got ' ')",
    })
    void whatIsNoFolderIsRefused(String value, String message) {
        String refused = ConfigFiles.refusal("extends: quickstart\ndata:\n  validation_path: " + value + "\n");
        assertTrue(refused.startsWith("run.yaml:3: ") && refused.endsWith(message), refused);
    }
}
