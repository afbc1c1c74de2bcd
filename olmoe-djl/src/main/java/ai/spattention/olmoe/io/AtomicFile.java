package ai.spattention.olmoe.io;

import ai.spattention.InvalidInputException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Locale;

/** Writes a file whole or not at all: a temporary sibling, forced to disk, moved into place in one step. */
public final class AtomicFile {

    private AtomicFile() {}

    /** Writes the content of a file. */
    @FunctionalInterface
    public interface Content {

        /**
         * Writes.
         *
         * @param channel the file, empty
         * @throws IOException if writing fails
         */
        void writeTo(FileChannel channel) throws IOException;
    }

    /**
     * Writes a file; a file of that name is replaced.
     *
     * @param file the file; its folder is created if need be
     * @param content its content
     * @throws InvalidInputException if the disk is full, the folder cannot be written or the file is a folder; nothing is left
     *     behind
     * @throws IOException if writing fails otherwise; nothing is left behind
     */
    public static void write(Path file, Content content) throws IOException {
        Path target = file.toAbsolutePath();
        if (Files.isDirectory(target)) {
            throw new InvalidInputException(file + " is a folder: name a file to write");
        }
        Path temporary = target.resolveSibling(target.getFileName() + ".tmp-" + ProcessHandle.current().pid());
        try {
            Files.createDirectories(target.getParent());
            try (FileChannel channel = FileChannel.open(temporary, StandardOpenOption.CREATE,
                    StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE)) {
                content.writeTo(channel);
                channel.force(true);
            }
            move(temporary, target);
        } catch (IOException e) {
            Files.deleteIfExists(temporary);
            throw explain(file, e);
        } catch (RuntimeException e) {
            Files.deleteIfExists(temporary);
            throw e;
        }
    }

    /**
     * Writes a text file.
     *
     * @param file the file
     * @param text its content, written as UTF-8
     * @throws IOException as {@link #write(Path, Content)}
     */
    public static void write(Path file, String text) throws IOException {
        write(file, channel -> {
            ByteBuffer bytes = StandardCharsets.UTF_8.encode(text);
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
        });
    }

    private static void move(Path from, Path to) throws IOException {
        try {
            Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
        } catch (AtomicMoveNotSupportedException e) {
            Files.move(from, to, StandardCopyOption.REPLACE_EXISTING);
        }
    }

    /**
     * Tells failures that a person can mend, a full disk or a read-only folder, from others.
     *
     * @param file the file that could not be written
     * @param e the failure
     * @return the failure, if it is another one
     * @throws InvalidInputException if the disk is full or the folder cannot be written
     */
    public static IOException explain(Path file, IOException e) {
        String message = String.valueOf(e.getMessage()).toLowerCase(Locale.ROOT);
        if (message.contains("no space left") || message.contains("quota exceeded") || message.contains("file too large")) {
            throw new InvalidInputException("the disk is full: cannot write " + file
                    + "; free some space or choose another folder", e);
        }
        if (e instanceof AccessDeniedException || message.contains("read-only") || message.contains("operation not permitted")) {
            throw new InvalidInputException("cannot write " + file + ": the folder is read-only or not yours", e);
        }
        if (e instanceof FileAlreadyExistsException || message.contains("not a directory")) {
            throw new InvalidInputException("cannot write " + file + ": it, or something above it, is a file where a folder has to be", e);
        }
        return e;
    }
}
