package ai.spattention.train.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import ai.djl.engine.EngineException;
import ai.spattention.common.InvalidInputException;
import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.charset.MalformedInputException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.util.concurrent.CompletionException;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Failures as Java, DJL and libtorch give them. */
class ExplanationTest {

    private static final String DEBUG = " (run again with --debug for the place)";

    private static Stream<Arguments> failures() {
        return Stream.of(
                arguments(new InvalidInputException("a\u001b[2J\nb"), "a\\u001b[2J\\nb"),
                arguments(new CompletionException(new UncheckedIOException(new IOException("cut"))), "cut"),
                arguments(new NoSuchFileException("/x/y"), "there is no file or folder /x/y"),
                arguments(new AccessDeniedException("/x/y"), "/x/y may not be read or written by this user (permission denied)"),
                arguments(new FileAlreadyExistsException("/x/y"), "/x/y exists already"),
                arguments(new NotDirectoryException("/x/y"), "/x/y is no folder"),
                arguments(new DirectoryNotEmptyException("/x/y"), "the folder /x/y is not empty"),
                arguments(new FileSystemLoopException("/x/y"), "/x/y leads back to itself by links"),
                arguments(new FileSystemException("/x/y"), "/x/y cannot be used: the system does not say why"),
                arguments(new FileSystemException("/x/y", null, "Too many open files"),
                        "/x/y cannot be used: too many files are open at once: raise the limit with 'ulimit -n 65536'"),
                arguments(new FileSystemException("/x", "/y", "Invalid cross-device link"),
                        "/x cannot be used: Invalid cross-device link (with /y)"),
                arguments(new IOException("Is a directory"), "a folder stands where a file has to be"),
                arguments(new IOException("No space left on device"), "the disk is full (no space left on device)"),
                arguments(new IOException(), "reading or writing failed" + DEBUG),
                arguments(new EOFException(), "a file ends before its content does" + DEBUG),
                arguments(new MalformedInputException(1), "a file that has to be text is not UTF-8" + DEBUG),
                arguments(new ClosedByInterruptException(), "interrupted while reading or writing"),
                arguments(new InvalidPathException("a\0b", "Nul character not allowed"),
                        "'a\\u0000b' cannot be the name of a file: Nul character not allowed"),
                arguments(new NumberFormatException("For input string: \"x\""), "NumberFormatException: For input string: \"x\"" + DEBUG),
                arguments(new IndexOutOfBoundsException("Index 3 out of bounds for length 3"),
                        "IndexOutOfBoundsException: Index 3 out of bounds for length 3" + DEBUG),
                arguments(new NullPointerException(), "NullPointerException" + DEBUG),
                arguments(new StackOverflowError(), "something is nested too deeply to be read: JSON, YAML or a template" + DEBUG),
                arguments(new OutOfMemoryError("Java heap space"), "Java's memory is used up (Java heap space): give it more with"
                        + " SPATTN_JAVA_OPTS=-Xmx4g; what is dealt with at once, a document, a row or a batch, has to fit"),
                arguments(new EngineException("The following operation failed in the TorchScript interpreter.\nTraceback ...\n"
                        + "RuntimeError: shape '[2]' is invalid\nmore"), "PyTorch: shape '[2]' is invalid" + DEBUG),
                arguments(new UnsatisfiedLinkError("no x"), "a native library does not load (no x): 'spattn doctor' tells more"));
    }

    @ParameterizedTest
    @MethodSource("failures")
    void isOneLineForAPerson(Throwable failure, String expected) {
        assertEquals(expected, Explanation.of(failure));
    }

    @Test
    void tellsBadInputFromAFailedRun() {
        assertTrue(Explanation.isBadInput(new InvalidInputException("x")));
        assertTrue(Explanation.isBadInput(new CompletionException(new InvalidInputException("x"))));
        assertTrue(Explanation.isBadInput(new InvalidPathException("\0", "Nul character not allowed")));
        assertFalse(Explanation.isBadInput(new IOException("x")));
        assertFalse(Explanation.isBadInput(new OutOfMemoryError()));
    }
}
