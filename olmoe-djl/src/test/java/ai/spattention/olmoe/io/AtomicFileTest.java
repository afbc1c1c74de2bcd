package ai.spattention.olmoe.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.common.InvalidInputException;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class AtomicFileTest {

    private static final Path FILE = Path.of("run", "file");

    @TempDir
    private Path folder;

    static Stream<Arguments> mendable() {
        String full = "the disk is full: cannot write " + FILE + "; free some space or choose another folder";
        String readOnly = "cannot write " + FILE + ": the folder is read-only or not yours";
        String occupied = "cannot write " + FILE + ": it, or something above it, is a file where a folder has to be";
        return Stream.of(
                Arguments.of(new IOException("No space left on device"), full),
                Arguments.of(new IOException("Disk quota exceeded"), full),
                Arguments.of(new IOException("File too large"), full),
                Arguments.of(new AccessDeniedException("run"), readOnly),
                Arguments.of(new FileSystemException("run", null, "Read-only file system"), readOnly),
                Arguments.of(new FileSystemException("run", null, "Operation not permitted"), readOnly),
                Arguments.of(new FileAlreadyExistsException("run"), occupied),
                Arguments.of(new FileSystemException("run", null, "Not a directory"), occupied));
    }

    @ParameterizedTest
    @MethodSource("mendable")
    void whatAPersonCanMendIsSaid(IOException failure, String message) {
        assertEquals(message,
                assertThrows(InvalidInputException.class, () -> AtomicFile.explain(FILE, failure)).getMessage());
    }

    @Test
    void otherFailuresStayWhatTheyAre() {
        IOException failure = new IOException("Input/output error");
        assertSame(failure, AtomicFile.explain(FILE, failure));
    }

    @Test
    void aNewFileHasTheUsualPermissionsAndAReplacedOneKeepsItsOwn() throws IOException {
        Path usual = Files.createFile(folder.resolve("usual"));
        Path file = folder.resolve("file");
        AtomicFile.write(file, "one");
        assertEquals(Files.getPosixFilePermissions(usual), Files.getPosixFilePermissions(file));
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r-----"));
        AtomicFile.write(file, "two");
        assertEquals("two", Files.readString(file));
        assertEquals("rw-r-----", PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
    }

    @Test
    void aLinkIsReplacedAndWhatItLeadsToStays() throws IOException {
        Path theirs = Files.writeString(folder.resolve("theirs"), "theirs");
        Path file = Files.createSymbolicLink(folder.resolve("file"), theirs);
        AtomicFile.write(file, "ours");
        assertEquals("theirs", Files.readString(theirs));
        assertFalse(Files.isSymbolicLink(file));
        assertEquals("ours", Files.readString(file));
    }

    @Test
    void aPipeIsNeverReplaced() throws IOException {
        Path pipe = Pipes.make(folder.resolve("pipe"));
        assertEquals(pipe + " is a device or a pipe where a file has to be: remove it",
                assertThrows(InvalidInputException.class, () -> AtomicFile.write(pipe, "x")).getMessage());
        assertTrue(Files.readAttributes(pipe, BasicFileAttributes.class).isOther());
    }

    @Test
    void temporaryNamesCannotBeGuessed() throws IOException {
        Set<String> names = new HashSet<>();
        for (int i = 0; i < 2; i++) {
            AtomicFile.write(folder.resolve("file"), channel -> {
                try (Stream<Path> all = Files.list(folder)) {
                    all.map(path -> path.getFileName().toString()).filter(name -> name.matches("file\\.tmp-[0-9a-f]{32}")).forEach(names::add);
                }
            });
        }
        assertEquals(2, names.size());
    }

    @Test
    void aLongNameIsWritten() throws IOException {
        Path file = folder.resolve("ä".repeat(127));
        AtomicFile.write(file, "long");
        assertEquals("long", Files.readString(file));
    }

    @Test
    void aFailureLeavesTheOldFileAndNothingElse() throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "old");
        assertEquals("the disk is full: cannot write " + file + "; free some space or choose another folder",
                assertThrows(InvalidInputException.class, () -> AtomicFile.write(file, channel -> {
                    throw new IOException("No space left on device");
                })).getMessage());
        assertThrows(IllegalStateException.class, () -> AtomicFile.write(file, channel -> {
            throw new IllegalStateException();
        }));
        assertEquals("old", Files.readString(file));
        assertEquals(1, folder.toFile().list().length);
    }

    /** A process that was killed holds nothing any more; one that writes does. */
    @Test
    void leftoversThatNoProcessHoldsAreCleared() throws IOException {
        Path dead = Files.writeString(folder.resolve("report.html.tmp-" + "0".repeat(32)), "half");
        Path users = Files.writeString(folder.resolve("report.html.tmp-1"), "mine");
        Path link = Files.createSymbolicLink(folder.resolve("link.tmp-" + "1".repeat(32)), users);
        Path alive = folder.resolve("report.html.tmp-" + "2".repeat(32));
        try (HeldFile held = HeldFile.create(alive).orElseThrow()) {
            AtomicFile.write(folder.resolve("other"), "x");
            assertFalse(Files.exists(dead));
            assertTrue(Files.exists(alive));
        }
        AtomicFile.write(folder.resolve("other"), "x");
        assertFalse(Files.exists(alive));
        assertEquals("mine", Files.readString(users));
        assertTrue(Files.isSymbolicLink(link));
    }

    /** The operating system ends the lock with the process, also with one that is killed while it writes. */
    @Test
    void aKilledProcessHoldsNothing() throws Exception {
        Path file = folder.resolve("file");
        Process writer = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-cp",
                System.getProperty("java.class.path"), EndlessWriter.class.getName(), file.toString())
                .redirectError(ProcessBuilder.Redirect.DISCARD).start();
        try {
            assertEquals('w', writer.getInputStream().read(), "it writes");
            AtomicFile.write(folder.resolve("other"), "x");
            assertEquals(2, folder.toFile().list().length, "a living process keeps what it writes");
        } finally {
            writer.destroyForcibly().waitFor();
        }
        AtomicFile.write(folder.resolve("other"), "x");
        assertEquals(List.of("other"), List.of(folder.toFile().list()));
    }

    /** Is killed while it writes. */
    static final class EndlessWriter {

        public static void main(String[] arguments) throws IOException {
            AtomicFile.write(Path.of(arguments[0]), channel -> {
                System.out.print('w');
                System.out.flush();
                try {
                    Thread.sleep(60_000);
                } catch (InterruptedException e) {
                    throw new IOException(e);
                }
            });
        }
    }
}
