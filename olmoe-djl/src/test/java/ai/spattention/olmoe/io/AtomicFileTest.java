package ai.spattention.olmoe.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import ai.spattention.InvalidInputException;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class AtomicFileTest {

    private static final Path FILE = Path.of("run", "file");

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
}
