package ai.spattention.olmoe.io;

import ai.spattention.InvalidInputException;
import java.io.BufferedWriter;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.FilterWriter;
import java.io.IOException;
import java.io.Writer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;

/**
 * A file that a user named for results. Symbolic links are followed: a regular file at their end is replaced whole, in its own
 * folder, and the links stay. What is no regular file, a device, a pipe or an open descriptor such as {@code /dev/stdout}, is
 * never replaced: results are written straight into it.
 */
public final class OutputFile {

    /** As many as Linux follows. */
    private static final int MOST_LINKS = 40;

    /** Open descriptors look like links, but need not lead to a name: the file may be deleted or be a pipe. */
    private static final Path DESCRIPTORS = Path.of("/proc");

    /** Open descriptors of this process where they are no links, as on macOS. On Linux this leads to the above. */
    private static final Path OWN_DESCRIPTORS = Path.of("/dev/fd");

    private final Path named;
    private final Path path;
    private final boolean isStream;

    private OutputFile(Path named, Path path, boolean isStream) {
        this.named = named;
        this.path = path;
        this.isStream = isStream;
    }

    /**
     * Finds what a name leads to; nothing is opened.
     *
     * @param named the file's name
     * @return what it leads to
     * @throws InvalidInputException if it is a folder, or links lead in a circle
     * @throws IOException if a folder or link on the way cannot be read
     */
    public static OutputFile of(Path named) throws IOException {
        Path path = named.toAbsolutePath();
        for (int links = 0; ; links++) {
            if (Files.isDirectory(path)) {
                throw new InvalidInputException(named + " is a folder: name a file to write");
            }
            path = realFolder(path);
            if (isDescriptor(path)) {
                return new OutputFile(named, path, true);
            }
            if (!Files.isSymbolicLink(path)) {
                return new OutputFile(named, path, isOther(path));
            }
            if (links == MOST_LINKS) {
                throw new InvalidInputException("cannot write " + named + ": its links lead in a circle");
            }
            path = path.resolveSibling(Files.readSymbolicLink(path));
        }
    }

    static boolean isDescriptor(Path real) {
        return real.startsWith(DESCRIPTORS) || real.startsWith(OWN_DESCRIPTORS);
    }

    /** The same path with its folder's real path, as far as that exists. */
    private static Path realFolder(Path path) throws IOException {
        Path missing = path.getFileName();
        Path folder = path.getParent();
        while (folder.getParent() != null && !Files.exists(folder)) {
            missing = folder.getFileName().resolve(missing);
            folder = folder.getParent();
        }
        return folder.toRealPath().resolve(missing).normalize();
    }

    private static boolean isOther(Path path) throws IOException {
        return Files.exists(path) && Files.readAttributes(path, BasicFileAttributes.class).isOther();
    }

    /**
     * What the name leads to.
     *
     * @return an absolute path, of which no part is a link but perhaps those of open descriptors; need not exist
     */
    public Path path() {
        return path;
    }

    /**
     * Whether it is no regular file, nor will be one: then it is written once, and nothing that was written can be replaced.
     *
     * @return whether it is a device, a pipe or an open descriptor
     */
    public boolean isStream() {
        return isStream;
    }

    /**
     * Whether results go where a command prints.
     *
     * @return whether it is this process's standard output
     * @throws IOException if the system does not tell
     */
    public boolean isStandardOutput() throws IOException {
        return isOwn("1");
    }

    private boolean isOwn(String number) throws IOException {
        Path own = Files.isDirectory(DESCRIPTORS) ? DESCRIPTORS.resolve("self").resolve("fd") : OWN_DESCRIPTORS;
        return isStream && Files.isDirectory(own) && path.equals(own.toRealPath().resolve(number));
    }

    /**
     * Writes results, whole or not at all if it is a regular file.
     *
     * @param file the file's name
     * @param content the content
     * @throws InvalidInputException as {@link AtomicFile#write(Path, AtomicFile.Content)} and {@link #of}
     * @throws IOException if writing fails otherwise
     */
    public static void write(Path file, AtomicFile.Content content) throws IOException {
        OutputFile output = of(file);
        try {
            if (output.isStream) {
                FileChannel stream = output.openStream();
                try {
                    content.writeTo(stream);
                } finally {
                    output.closeStream(stream);
                }
            } else {
                AtomicFile.write(output.path, content);
            }
        } catch (IOException e) {
            throw AtomicFile.explain(file, e);
        }
    }

    /**
     * Writes a text.
     *
     * @param file the file's name
     * @param text the content, written as UTF-8
     * @throws IOException as {@link #write(Path, AtomicFile.Content)}
     */
    public static void write(Path file, String text) throws IOException {
        write(file, AtomicFile.text(text));
    }

    /**
     * Begins a file that grows while results come; what a regular file held is lost.
     *
     * @param file the file's name
     * @return writes UTF-8; to be closed
     * @throws IOException as {@link #write(Path, AtomicFile.Content)}
     */
    public static Writer newWriter(Path file) throws IOException {
        OutputFile output = of(file);
        try {
            if (output.isStream) {
                FileChannel stream = output.openStream();
                return new FilterWriter(new BufferedWriter(Channels.newWriter(stream, StandardCharsets.UTF_8))) {
                    @Override
                    public void close() throws IOException {
                        out.flush();
                        output.closeStream(stream);
                    }
                };
            }
            AtomicFile.write(output.path, "");
            FileChannel channel = FileChannel.open(output.path, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS);
            return new BufferedWriter(Channels.newWriter(channel, StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw AtomicFile.explain(file, e);
        }
    }

    /** This process's own descriptors are used as they are: opened anew, a file would be written over from its start. */
    private FileChannel openStream() throws IOException {
        if (isOwn("1")) {
            System.out.flush();
            return new FileOutputStream(FileDescriptor.out).getChannel();
        }
        if (isOwn("2")) {
            return new FileOutputStream(FileDescriptor.err).getChannel();
        }
        return FileChannel.open(path, StandardOpenOption.WRITE, StandardOpenOption.APPEND);
    }

    private void closeStream(FileChannel stream) throws IOException {
        if (!isOwn("1") && !isOwn("2")) {
            stream.close();
        }
    }
}
