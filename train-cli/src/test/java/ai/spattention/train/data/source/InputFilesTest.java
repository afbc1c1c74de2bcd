package ai.spattention.train.data.source;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import ai.spattention.common.InvalidInputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class InputFilesTest {

    @TempDir
    private Path folder;

    @BeforeEach
    void files() throws IOException {
        for (String name : List.of("b.txt", "a.txt", "x/c.txt", "x/y/d.jsonl", "x/.hidden.txt", ".git/config", "[odd].txt")) {
            SourceFiles.write(folder.resolve(name), name);
        }
        Files.createDirectories(folder.resolve("empty"));
    }

    private List<String> find(String... inputs) throws IOException {
        List<String> absolute = Arrays.stream(inputs).map(input -> folder + "/" + input).toList();
        return InputFiles.find(absolute).stream().map(file -> folder.relativize(file.path()).toString()).toList();
    }

    private String refusal(String... inputs) {
        return assertThrows(InvalidInputException.class, () -> find(inputs)).getMessage().replace(folder + "/", "");
    }

    @Test
    void aFolderIsEverythingBelowInOrder() throws IOException {
        assertEquals(List.of("[odd].txt", "a.txt", "b.txt", "x/c.txt", "x/y/d.jsonl"), find(""));
        assertEquals(List.of("x/c.txt", "x/y/d.jsonl"), find("x"));
    }

    @Test
    void aFolderThatMayNotBeReadIsRefused() throws IOException {
        Path closed = folder.resolve("x/y");
        Assumptions.assumeTrue(Files.getFileStore(closed).supportsFileAttributeView("posix"), "folders have no permissions here");
        Files.setPosixFilePermissions(closed, Set.of());
        try {
            Assumptions.assumeFalse(Files.isReadable(closed), "this user may read everything");
            assertEquals("x/y cannot be read: you have no permission", refusal("x/y"));
            assertEquals("x/y cannot be read: you have no permission", refusal("x"));
        } finally {
            Files.setPosixFilePermissions(closed, PosixFilePermissions.fromString("rwx------"));
        }
    }

    @Test
    void patternsMatchFiles() throws IOException {
        assertEquals(List.of("a.txt", "b.txt"), find("{a,b}.txt"));
        assertEquals(List.of("x/c.txt"), find("*/*.txt"));
        assertEquals(List.of("x/c.txt", "x/y/d.jsonl"), find("x/**"));
        assertEquals(List.of("[odd].txt"), find("[odd].txt"));
    }

    @Test
    void aFileThatIsMeantTwiceComesOnce() throws IOException {
        assertEquals(List.of("a.txt", "b.txt"), find("*.txt", "a.txt", "./b.txt").stream()
                .filter(name -> !name.contains("odd")).toList());
    }

    @ParameterizedTest
    @CsvSource({"x, x/new/a.gz, true", "x, new/a.gz, false", "x/**, x/new/a.gz, true", "x/*, x/new/a.gz, false", "x/*, x/a.gz, true",
        "x/**.jsonl, x/new/a.gz, false", "'**/*.gz', new/a.gz, true", "x, x/.new/a.gz, false", "a.txt, new/a.gz, false"})
    void aFileThatIsYetToComeWouldBeFoundOrNot(String input, String file, boolean found) throws IOException {
        assertEquals(found, InputFiles.wouldFind(List.of(folder + "/" + input), folder.resolve(file)));
    }

    @Test
    void linksAreFollowedButNotToNothing() throws IOException {
        Files.createSymbolicLink(folder.resolve("empty/c"), folder.resolve("x"));
        assertEquals(List.of("empty/c/c.txt", "empty/c/y/d.jsonl"), find("empty"));
        Files.createSymbolicLink(folder.resolve("x/gone.txt"), Path.of("nowhere.txt"));
        for (String input : List.of("x", "x/*.txt", "x/gone.txt")) {
            assertEquals("the input x/gone.txt is a link to nowhere.txt, which is not there: mend or delete the link", refusal(input));
        }
        assertEquals(List.of("a.txt"), find("a.txt"));
    }

    @Test
    void anEmptyInputIsNotThisFolder() {
        assertEquals("an input is empty: name a file, a folder ('.' for this one) or a pattern",
                assertThrows(InvalidInputException.class, () -> InputFiles.find(List.of(""))).getMessage());
    }

    @Test
    void whatIsNotThereIsNamed() {
        assertEquals("there is no file or folder c.txt", refusal("a.txt", "c.txt"));
        assertEquals("no file matches the pattern *.parquet", refusal("*.parquet"));
        assertEquals("no file matches the pattern nowhere/*.txt", refusal("nowhere/*.txt"));
        assertEquals("there are no files in empty", refusal("empty"));
    }
}
