package ai.spattention.olmoe.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.common.InvalidInputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FolderLockTest {

    @TempDir
    private Path folder;

    @Test
    void theFileAndTheFoldersMadeForItGoWithTheLock() throws IOException {
        Path run = folder.resolve("runs/one");
        Path file = run.resolve(".lock");
        try (FolderLock lock = FolderLock.take(file, run)) {
            assertTrue(Files.isRegularFile(file));
            assertEquals("another process is writing to " + run + ": wait for it, or choose another place",
                    assertThrows(InvalidInputException.class, () -> FolderLock.take(file, run)).getMessage());
        }
        assertFalse(Files.exists(folder.resolve("runs")));
        Files.createDirectories(run);
        FolderLock.take(file, run).close();
        assertTrue(Files.exists(run), "a folder that was there stays");
        assertFalse(Files.exists(file));
        try (FolderLock lock = FolderLock.take(file, run)) {
            Files.writeString(run.resolve("result"), "x");
        }
        assertEquals("x", Files.readString(run.resolve("result")));
    }

    @Test
    void whatAKilledProcessLeftIsTakenOver() throws IOException {
        Path file = Files.createFile(folder.resolve(".lock"));
        FolderLock.take(file, folder).close();
        assertFalse(Files.exists(file));
    }

    /** The file was removed and made again by another: closing must not take that one's away. */
    @Test
    void anothersFileStays() throws IOException {
        Path file = folder.resolve(".lock");
        FolderLock lock = FolderLock.take(file, folder);
        Files.delete(file);
        Files.createFile(file);
        lock.close();
        assertTrue(Files.exists(file));
    }

    @Test
    void linksAreNotFollowed() throws IOException {
        Path theirs = Files.writeString(folder.resolve("theirs"), "theirs");
        for (Path target : new Path[] {theirs, folder.resolve("nowhere")}) {
            Path link = Files.createSymbolicLink(folder.resolve(".lock"), target);
            assertEquals(link + " is a symbolic link, but has to be the file that keeps a second process out: remove it",
                    assertThrows(InvalidInputException.class, () -> FolderLock.take(link, folder)).getMessage());
            Files.delete(link);
        }
        assertEquals("theirs", Files.readString(theirs));
        assertFalse(Files.exists(folder.resolve("nowhere")));
    }
}
