package ai.spattention.olmoe.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OwnFilesTest {

    @TempDir
    private Path folder;

    private Path own;

    @BeforeEach
    void make() throws IOException {
        own = Files.createDirectory(folder.resolve("own"));
        Files.writeString(own.resolve("a"), "ours");
        Files.writeString(own.resolve("a.tmp-" + "0".repeat(32)), "ours, half");
    }

    @Test
    void onlyFilesOfItsNamesGo() throws IOException {
        Path theirs = Files.writeString(folder.resolve("theirs"), "theirs");
        Files.createSymbolicLink(own.resolve("b"), theirs);
        Files.createDirectory(own.resolve("c"));
        Files.writeString(own.resolve("d"), "theirs");
        OwnFiles.delete(own, Set.of("a", "b", "c")::contains);
        assertEquals(Set.of("b", "c", "d"), Set.of(own.toFile().list()));
        assertTrue(Files.exists(theirs));
    }

    @Test
    void aFolderGoesWithItsLastFile() throws IOException {
        OwnFiles.delete(own, "a"::equals);
        assertFalse(Files.exists(own));
        OwnFiles.delete(own, "a"::equals);
        OwnFiles.deleteTree(own);
    }

    @Test
    void nothingGoesThroughALink() throws IOException {
        Path link = Files.createSymbolicLink(folder.resolve("link"), own);
        OwnFiles.delete(link, "a"::equals);
        OwnFiles.deleteIfEmpty(link);
        assertTrue(Files.isSymbolicLink(link));
        Path tree = Files.createDirectories(folder.resolve("tree/deep"));
        Files.createSymbolicLink(tree.resolve("link"), own);
        OwnFiles.deleteTree(folder.resolve("tree"));
        OwnFiles.deleteTree(link);
        assertFalse(Files.exists(folder.resolve("tree")));
        assertFalse(Files.isSymbolicLink(link));
        assertEquals(2, own.toFile().list().length);
    }
}
