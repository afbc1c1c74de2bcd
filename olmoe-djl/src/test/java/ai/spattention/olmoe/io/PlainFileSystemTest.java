package ai.spattention.olmoe.io;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Where a file system has neither POSIX's permissions nor folders that open, as on Windows; here a zip file stands for it. */
class PlainFileSystemTest {

    @TempDir
    private Path temporary;

    private FileSystem plain;

    @BeforeEach
    void open() throws IOException {
        plain = FileSystems.newFileSystem(temporary.resolve("plain.zip"), Map.of("create", "true"));
    }

    @AfterEach
    void close() throws IOException {
        plain.close();
    }

    @Test
    void aFileHasNoPermissionsToKeep() throws IOException {
        assertEquals(Optional.empty(), AtomicFile.attributes(Files.writeString(plain.getPath("file"), "text")));
    }

    @Test
    void aFolderIsNotForced() throws IOException {
        Path folder = Files.createDirectory(plain.getPath("folder"));
        assertThrows(Exception.class, () -> FileChannel.open(folder, StandardOpenOption.READ).close());
        assertDoesNotThrow(() -> AtomicFolder.force(folder));
    }
}
