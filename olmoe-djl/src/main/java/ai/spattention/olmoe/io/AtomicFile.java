package ai.spattention.olmoe.io;

import ai.spattention.InvalidInputException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFileAttributes;
import java.util.Locale;
import java.util.Optional;

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
     * Writes a file in a folder of this program's. A file of that name is replaced, and gives its permissions to the new one; a
     * symbolic link of that name is replaced, too, and what it leads to stays. Files that users name are for {@link OutputFile}.
     *
     * @param file the file; its folder is created if need be
     * @param content its content
     * @throws InvalidInputException if the disk is full, the folder cannot be written or the file is a folder, a device or a pipe;
     *     nothing is left behind
     * @throws IOException if writing fails otherwise; nothing is left behind
     */
    public static void write(Path file, Content content) throws IOException {
        Path target = file.toAbsolutePath();
        if (Files.isDirectory(target)) {
            throw new InvalidInputException(file + " is a folder: name a file to write");
        }
        try {
            Files.createDirectories(target.getParent());
            clearLeftovers(target.getParent());
            Optional<PosixFileAttributes> replaced = attributes(target);
            if (replaced.isPresent() && replaced.get().isOther()) {
                throw new InvalidInputException(file + " is a device or a pipe where a file has to be: remove it");
            }
            try (HeldFile temporary = begin(target)) {
                try {
                    content.writeTo(temporary.channel());
                    temporary.channel().force(true);
                    if (replaced.isPresent() && replaced.get().isRegularFile()) {
                        keepPermissions(replaced.get(), temporary.path());
                    }
                    move(temporary.path(), target);
                } catch (IOException | RuntimeException | Error e) {
                    Files.deleteIfExists(temporary.path());
                    throw e;
                }
            }
        } catch (IOException e) {
            throw explain(file, e);
        }
    }

    /** Deletes files in a folder that processes which have ended did not complete. */
    static void clearLeftovers(Path folder) throws IOException {
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder,
                entry -> TemporaryName.ofAnotherProcess(entry).isPresent())) {
            for (Path entry : entries) {
                Optional<HeldFile> leftover = HeldFile.takeOver(entry);
                if (leftover.isPresent()) {
                    try (HeldFile held = leftover.get()) {
                        Files.deleteIfExists(held.path());
                    }
                }
            }
        } catch (AccessDeniedException | DirectoryIteratorException e) {
            // a folder that may be written and not be read: nothing can be found
        }
    }

    private static HeldFile begin(Path target) throws IOException {
        Optional<HeldFile> temporary = HeldFile.create(TemporaryName.beside(target));
        while (temporary.isEmpty()) {
            temporary = HeldFile.create(TemporaryName.beside(target));
        }
        return temporary.get();
    }

    /** Of the name itself, not of what a link leads to; empty if there is nothing, or a system without POSIX's permissions. */
    static Optional<PosixFileAttributes> attributes(Path file) throws IOException {
        try {
            return Optional.of(Files.readAttributes(file, PosixFileAttributes.class, LinkOption.NOFOLLOW_LINKS));
        } catch (NoSuchFileException | UnsupportedOperationException e) {
            return Optional.empty();
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
        write(file, text(text));
    }

    /** A text as UTF-8. */
    static Content text(String text) {
        return channel -> {
            ByteBuffer bytes = StandardCharsets.UTF_8.encode(text);
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
        };
    }

    private static void keepPermissions(PosixFileAttributes replaced, Path file) throws IOException {
        if (!Files.getPosixFilePermissions(file).equals(replaced.permissions())) { // not every file system can set them
            Files.setPosixFilePermissions(file, replaced.permissions());
        }
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
        if (message.contains("nofollow_links")) {
            throw new InvalidInputException("cannot write " + file + ": it is a symbolic link, and what that leads to would be"
                    + " changed; remove the link", e);
        }
        if (e instanceof FileAlreadyExistsException || message.contains("not a directory")) {
            throw new InvalidInputException("cannot write " + file + ": it, or something above it, is a file where a folder has to be", e);
        }
        return e;
    }
}
