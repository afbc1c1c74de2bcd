package ai.spattention.olmoe.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.InvalidInputException;
import java.io.IOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class OutputFileTest {

    @TempDir
    private Path folder;

    @Test
    void linksAreFollowedAndStay() throws IOException {
        Path target = Files.writeString(Files.createDirectory(folder.resolve("far")).resolve("target"), "old");
        Files.createSymbolicLink(folder.resolve("second"), Path.of("far", "target"));
        Path link = Files.createSymbolicLink(folder.resolve("first"), folder.resolve("second"));
        OutputFile.write(link, "new");
        assertEquals("new", Files.readString(target));
        assertFalse(Files.isSymbolicLink(target));
        assertTrue(Files.isSymbolicLink(link));
        assertTrue(Files.isSymbolicLink(folder.resolve("second")));
        try (Writer writer = OutputFile.newWriter(link)) {
            writer.write("newer");
        }
        assertEquals("newer", Files.readString(target));
        assertTrue(Files.isSymbolicLink(link));
        assertEquals(1, folder.resolve("far").toFile().list().length);
    }

    @Test
    void aDanglingLinkMakesItsTarget() throws IOException {
        Path link = Files.createSymbolicLink(folder.resolve("link"), Path.of("new", "target"));
        OutputFile.write(link, "text");
        assertEquals("text", Files.readString(folder.resolve("new/target")));
        assertTrue(Files.isSymbolicLink(link));
    }

    @Test
    void foldersAndCirclesAreRefused() throws IOException {
        assertEquals(folder + " is a folder: name a file to write",
                assertThrows(InvalidInputException.class, () -> OutputFile.write(folder, "x")).getMessage());
        assertEquals("/ is a folder: name a file to write",
                assertThrows(InvalidInputException.class, () -> OutputFile.of(Path.of("/"))).getMessage());
        Path one = Files.createSymbolicLink(folder.resolve("one"), folder.resolve("two"));
        Files.createSymbolicLink(folder.resolve("two"), one);
        assertEquals("cannot write " + one + ": its links lead in a circle",
                assertThrows(InvalidInputException.class, () -> OutputFile.of(one)).getMessage());
    }

    @ParameterizedTest
    @CsvSource({"/proc/12/fd/1, true", "/dev/fd/1, true", "/dev/fdisk, false", "/tmp/proc/1, false"})
    void openDescriptorsAreNoFilesToReplace(String path, boolean descriptor) {
        assertEquals(descriptor, OutputFile.isDescriptor(Path.of(path)));
    }

    @Test
    void aPipeIsWrittenStraight() throws Exception {
        Path pipe = Pipes.make(folder.resolve("pipe"));
        Path link = Files.createSymbolicLink(folder.resolve("link"), pipe);
        CompletableFuture<String> read = Pipes.read(pipe);
        OutputFile.write(link, "through the pipe");
        assertEquals("through the pipe", read.get());
        CompletableFuture<String> again = Pipes.read(pipe);
        try (Writer writer = OutputFile.newWriter(pipe)) {
            writer.write("again");
        }
        assertEquals("again", again.get());
        assertTrue(OutputFile.of(link).isStream());
        assertTrue(Files.readAttributes(pipe, BasicFileAttributes.class).isOther());
        assertEquals(2, folder.toFile().list().length);
    }

    @Test
    void aDeviceStaysADevice() throws IOException {
        Path device = Path.of("/dev/null");
        Assumptions.assumeTrue(Files.exists(device), "this system has no /dev/null");
        Path link = Files.createSymbolicLink(folder.resolve("link"), device);
        OutputFile.write(link, "nothing");
        assertTrue(Files.readAttributes(device, BasicFileAttributes.class).isOther());
        assertTrue(Files.isSymbolicLink(link));
        Path full = Path.of("/dev/full");
        Assumptions.assumeTrue(Files.exists(full), "this system has no device that is always full");
        assertEquals("the disk is full: cannot write /dev/full; free some space or choose another folder",
                assertThrows(InvalidInputException.class, () -> OutputFile.write(full, "x")).getMessage());
    }

    @Test
    void standardOutputIsKnownUnderItsNames() throws IOException {
        Assumptions.assumeTrue(Files.exists(Path.of("/proc/self/fd/1"), LinkOption.NOFOLLOW_LINKS), "this system has no /proc");
        Path link = Files.createSymbolicLink(folder.resolve("link"), Path.of("/dev/stdout"));
        for (Path name : new Path[] {Path.of("/dev/stdout"), Path.of("/dev/fd/1"), Path.of("/proc/self/fd/1"), link}) {
            assertTrue(OutputFile.of(name).isStandardOutput(), name.toString());
            assertTrue(OutputFile.of(name).isStream(), name.toString());
        }
        assertFalse(OutputFile.of(Path.of("/dev/stderr")).isStandardOutput());
        assertFalse(OutputFile.of(folder.resolve("file")).isStream());
    }
}
