package ai.spattention.train.cli;

import ai.djl.engine.EngineException;
import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.io.VisibleText;
import ai.spattention.train.distributed.CollectiveException;
import ai.spattention.train.loop.TrainingFailedException;
import ai.spattention.train.machine.MemoryError;
import ai.spattention.train.machine.NativesError;
import java.io.EOFException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.UncheckedIOException;
import java.nio.channels.ClosedChannelException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import picocli.CommandLine.MissingParameterException;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** What a failure means, in one line for a person. */
final class Explanation {

    private static final String DEBUG = " (run again with --debug for the place)";

    private Explanation() {}

    /**
     * Whether the input or the configuration has to be changed, as opposed to a run that failed.
     *
     * @param failure any failure
     * @return true for exit code 2, false for 1
     */
    static boolean isBadInput(Throwable failure) {
        Throwable inner = unwrap(failure);
        return inner instanceof InvalidInputException || inner instanceof ParameterException || inner instanceof InvalidPathException;
    }

    /**
     * Explains.
     *
     * @param failure any failure
     * @return one line
     */
    static String of(Throwable failure) {
        Throwable inner = unwrap(failure);
        return VisibleText.line(text(inner).replaceFirst("^Error: ", "").strip());
    }

    /** What carries another failure from a thread or through a stream says nothing itself. */
    private static Throwable unwrap(Throwable failure) {
        boolean carries = failure instanceof UncheckedIOException || failure instanceof CompletionException
                || failure instanceof ExecutionException;
        return carries && failure.getCause() != null ? unwrap(failure.getCause()) : failure;
    }

    private static String text(Throwable failure) {
        if (failure instanceof UnmatchedArgumentException unmatched) {
            return unmatched(unmatched);
        }
        String message = failure.getMessage() == null ? "" : failure.getMessage();
        if (failure instanceof MissingParameterException missing) {
            return message + help(missing);
        }
        if (failure instanceof InvalidInputException || failure instanceof TrainingFailedException
                || failure instanceof CollectiveException || failure instanceof ParameterException) {
            return message;
        }
        Optional<String> engine = MemoryError.of(failure).map(MemoryError::text).or(() -> NativesError.of(failure).map(NativesError::text));
        if (engine.isPresent()) {
            return engine.get();
        }
        if (failure instanceof FileSystemException file) {
            return file(file);
        }
        if (failure instanceof InvalidPathException path) {
            return "'" + path.getInput() + "' cannot be the name of a file: " + path.getReason();
        }
        if (failure instanceof OutOfMemoryError) {
            return "Java's memory is used up (" + message + "): give it more with SPATTN_JAVA_OPTS=-Xmx4g; what is dealt with at once,"
                    + " a document, a row or a batch, has to fit";
        }
        if (failure instanceof StackOverflowError) {
            return "something is nested too deeply to be read: JSON, YAML or a template" + DEBUG;
        }
        if (failure instanceof IOException) {
            return io(failure, message);
        }
        if (failure instanceof EngineException) {
            return engine(message);
        }
        // nobody was meant to see it: its message alone ("For input string", "Index 3 out of bounds") would tell nothing
        return failure.getClass().getSimpleName() + (message.isEmpty() ? "" : ": " + firstLine(message)) + DEBUG;
    }

    private static String unmatched(UnmatchedArgumentException unmatched) {
        String first = unmatched.getUnmatched().isEmpty() ? "" : unmatched.getUnmatched().get(0);
        boolean command = unmatched.getCommandLine().getParent() == null && !first.startsWith("-");
        List<String> suggestions = unmatched.getSuggestions();
        return (command ? "unknown command '" : "unknown argument '") + first + "'"
                + (suggestions.isEmpty() ? "" : ": did you mean " + String.join(" or ", suggestions) + "?")
                + help(unmatched);
    }

    private static String help(ParameterException failure) {
        return " (see " + failure.getCommandLine().getCommandSpec().qualifiedName() + " --help)";
    }

    private static String file(FileSystemException failure) {
        String file = failure.getFile() == null ? "a file" : failure.getFile();
        if (failure instanceof NoSuchFileException) {
            return "there is no file or folder " + file;
        } else if (failure instanceof AccessDeniedException) {
            return file + " may not be read or written by this user (permission denied)";
        } else if (failure instanceof FileAlreadyExistsException) {
            return file + " exists already";
        } else if (failure instanceof NotDirectoryException) {
            return file + " is no folder";
        } else if (failure instanceof DirectoryNotEmptyException) {
            return "the folder " + file + " is not empty";
        } else if (failure instanceof FileSystemLoopException) {
            return file + " leads back to itself by links";
        }
        String reason = failure.getReason() == null ? "the system does not say why" : failure.getReason();
        return file + " cannot be used: " + system(reason) + (failure.getOtherFile() == null ? "" : " (with " + failure.getOtherFile() + ")");
    }

    private static String io(Throwable failure, String message) {
        if (failure instanceof InterruptedIOException || failure instanceof ClosedChannelException) {
            return "interrupted while reading or writing" + (message.isEmpty() ? "" : ": " + firstLine(message));
        }
        if (failure instanceof CharacterCodingException) {
            return "a file that has to be text is not UTF-8" + DEBUG;
        }
        if (failure instanceof EOFException && message.isEmpty()) {
            return "a file ends before its content does" + DEBUG;
        }
        return message.isEmpty() ? "reading or writing failed" + DEBUG : system(firstLine(message));
    }

    /** The system's own words for what it refuses, where they say too little. */
    private static String system(String reason) {
        return switch (reason) {
            case "Is a directory" -> "a folder stands where a file has to be";
            case "Not a directory" -> "a file stands where a folder has to be";
            case "No space left on device" -> "the disk is full (no space left on device)";
            case "Too many open files" -> "too many files are open at once: raise the limit with 'ulimit -n 65536'";
            case "Too many levels of symbolic links" -> "a link leads back to itself (too many levels of symbolic links)";
            case "Input/output error" -> "the disk or its network failed (input/output error)";
            default -> reason;
        };
    }

    /** TorchScript begins with a traceback; what went wrong stands at its end. */
    private static String engine(String message) {
        int error = message.lastIndexOf("RuntimeError: ");
        return "PyTorch: " + firstLine(error < 0 ? message : message.substring(error + "RuntimeError: ".length())) + DEBUG;
    }

    private static String firstLine(String message) {
        return message.strip().lines().findFirst().orElse("");
    }
}
