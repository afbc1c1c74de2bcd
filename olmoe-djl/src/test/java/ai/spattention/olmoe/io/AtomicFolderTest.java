package ai.spattention.olmoe.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.common.InvalidInputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AtomicFolderTest {

    private static final String DEAD = "model.tmp-" + "0".repeat(32);

    @TempDir
    private Path folder;

    private Path model;

    @BeforeEach
    void name() {
        model = folder.resolve("model");
    }

    private void write(String... files) throws IOException {
        AtomicFolder.write(model, whole -> {
            for (String file : files) {
                AtomicFile.write(whole.resolve(file), "new " + file);
            }
        });
    }

    /** Files and their content, by their paths in the folder; lists left out. */
    private Map<String, String> content() throws IOException {
        Map<String, String> content = new TreeMap<>();
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path file : all.filter(path -> Files.isRegularFile(path) && !path.endsWith(AtomicFolder.LIST)).toList()) {
                content.put(folder.relativize(file).toString(), Files.readString(file));
            }
        }
        return content;
    }

    private List<String> names() {
        return Arrays.stream(folder.toFile().list()).sorted().toList();
    }

    @Test
    void whatOthersPutIntoItSurvivesAndOwnFilesGo() throws IOException {
        write("config.json", "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors");
        Files.writeString(model.resolve("README.md"), "mine");
        Files.writeString(Files.createDirectory(model.resolve("notes")).resolve("a"), "mine too");
        write("config.json", "model.safetensors");
        assertEquals(Map.of("model/config.json", "new config.json", "model/model.safetensors", "new model.safetensors",
                "model/README.md", "mine", "model/notes/a", "mine too"), content());
        assertEquals(List.of("model"), names());
    }

    @Test
    void aChangedFileOfItsOwnIsSomebodysAndKept() throws IOException {
        write("config.json", "model.safetensors");
        Files.writeString(model.resolve("config.json"), "edited by hand");
        write("config.json", "model.safetensors");
        assertEquals(Map.of("model/config.json", "new config.json", "model/model.safetensors", "new model.safetensors",
                "model.old/config.json", "edited by hand"), content());
    }

    @Test
    void aFolderOfSomebodysIsKeptWhole() throws IOException {
        Files.createDirectory(folder.resolve("model.old"));
        Files.writeString(Files.createDirectory(model).resolve("config.json"), "theirs");
        write("config.json");
        assertEquals(Map.of("model/config.json", "new config.json", "model.old-2/config.json", "theirs"), content());
    }

    @Test
    void nothingIsDoneThroughALink() throws IOException {
        Path theirs = Files.createDirectory(folder.resolve("theirs"));
        Files.writeString(theirs.resolve("config.json"), "theirs");
        Files.createSymbolicLink(model, theirs);
        assertEquals(model + " is a symbolic link, and what it leads to is not this program's to replace: remove the link, or write"
                + " elsewhere", assertThrows(InvalidInputException.class, () -> write("config.json")).getMessage());
        assertEquals(Map.of("theirs/config.json", "theirs"), content());
    }

    /** The list is only a file: names in it that lead elsewhere, and links of its names, delete nothing. */
    @Test
    void aListCannotReachOutside() throws IOException {
        write("config.json");
        Path theirs = Files.writeString(folder.resolve("theirs"), "theirs");
        Files.delete(model.resolve("config.json"));
        Files.createSymbolicLink(model.resolve("config.json"), theirs);
        Path list = model.resolve(AtomicFolder.LIST);
        Files.writeString(list, Files.readString(list).replace("config.json", "../theirs"));
        write("config.json");
        assertEquals("theirs", Files.readString(theirs));
        assertTrue(Files.isSymbolicLink(folder.resolve("model.old/config.json")));
    }

    @Test
    void aFailureLeavesTheOldOne() throws IOException {
        write("config.json");
        Files.writeString(model.resolve("README.md"), "mine");
        Map<String, String> before = content();
        assertEquals("the disk is full: cannot write " + model + "; free some space or choose another folder",
                assertThrows(InvalidInputException.class, () -> AtomicFolder.write(model, whole -> {
                    Files.writeString(whole.resolve("config.json"), "half");
                    throw new IOException("No space left on device");
                })).getMessage());
        assertEquals(before, content());
        assertEquals(List.of("model"), names());
    }

    @Test
    void foldersChangeTheirNamesAtOnceOrOneAfterTheOther() throws IOException {
        Path one = Files.createDirectory(folder.resolve("one"));
        Path two = Files.createDirectory(folder.resolve("two ä"));
        Files.writeString(one.resolve("1"), "");
        Files.writeString(two.resolve("2"), "");
        Path old = RenameExchange.exchange(one, two);
        assertTrue(Files.exists(two.resolve("1")));
        assertTrue(Files.exists(old.resolve("2")));
        Path older = RenameExchange.inTwoSteps(old, two);
        assertTrue(Files.exists(two.resolve("2")));
        assertTrue(Files.exists(older.resolve("1")));
    }

    @Test
    void whatWasNotCompletedIsCleared() throws IOException {
        write("config.json");
        Path half = Files.createDirectory(folder.resolve(DEAD));
        Files.writeString(half.resolve("model.safetensors"), "half");
        Files.createFile(half.resolve(AtomicFolder.LIST));
        Files.createDirectory(folder.resolve("model.tmp-" + "1".repeat(32)));
        AtomicFolder.clearLeftovers(folder);
        assertEquals(List.of("model"), names());
        assertEquals(Map.of("model/config.json", "new config.json"), content());
    }

    @Test
    void whatALivingProcessWritesStays() throws IOException {
        Path half = Files.createDirectory(folder.resolve(DEAD));
        try (HeldFile held = HeldFile.create(half.resolve(AtomicFolder.LIST)).orElseThrow()) {
            AtomicFolder.clearLeftovers(folder);
            assertEquals(List.of(DEAD), names());
        }
    }

    /** Killed after the exchange, before the old folder's own files were deleted and the others moved. */
    @Test
    void filesOfOthersComeOutOfAReplacedFolder() throws IOException {
        write("config.json", "old.safetensors");
        Files.writeString(model.resolve("README.md"), "mine");
        Files.move(model, folder.resolve(DEAD));
        write("config.json");
        assertEquals(Map.of("model/config.json", "new config.json", "model/README.md", "mine"), content());
        assertEquals(List.of("model"), names());
    }

    /** Killed between two renames, where they are not one step: the newest whole folder gets the name. */
    @Test
    void aWholeFolderGetsTheNameThatIsFree() throws IOException {
        write("old");
        Path aside = Files.move(model, folder.resolve("aside"));
        write("new");
        Files.move(model, folder.resolve(DEAD));
        Path older = Files.move(aside, folder.resolve("model.tmp-" + "1".repeat(32)));
        assertTrue(older.resolve(AtomicFolder.LIST).toFile().setLastModified(1_000_000));
        AtomicFolder.clearLeftovers(folder);
        assertEquals(Map.of("model/new", "new new"), content());
        assertEquals(List.of("model"), names());
    }
}
