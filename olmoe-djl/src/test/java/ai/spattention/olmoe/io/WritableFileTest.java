package ai.spattention.olmoe.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import ai.spattention.InvalidInputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WritableFileTest {

    @TempDir
    private Path folder;

    private static String refused(Path file) {
        return assertThrows(InvalidInputException.class, () -> WritableFile.require("--output", file)).getMessage();
    }

    @Test
    void aFileThatCanBeWrittenPassesAndIsNotCreated() throws IOException {
        WritableFile.require("--output", null);
        WritableFile.require("--output", Path.of("no-such.json"));
        WritableFile.require("--output", folder.resolve("a/b/c.json"));
        WritableFile.require("--output", Files.writeString(folder.resolve("there"), "mine"));
        assertFalse(Files.exists(folder.resolve("a")));
        assertEquals("mine", Files.readString(folder.resolve("there")));
    }

    @Test
    void whatCannotBeWrittenIsNamed() throws IOException {
        assertEquals("--output " + folder + " is a folder: name a file to write", refused(folder));
        Path file = Files.writeString(folder.resolve("file"), "");
        assertEquals("--output " + file.resolve("a/b") + " cannot be written: " + file + " is a file where a folder has to be",
                refused(file.resolve("a/b")));
    }

    /** Nobody may write there, not even the superuser. */
    @Test
    void aReadOnlyFolderIsNamed() {
        Path system = Path.of("/proc/sys");
        Assumptions.assumeTrue(Files.isDirectory(system) && !Files.isWritable(system), "this system has no read-only /proc/sys");
        assertEquals("--output /proc/sys/x cannot be written: /proc/sys is read-only or not yours", refused(system.resolve("x")));
    }
}
