package ai.spattention.olmoe.io;

import java.io.Closeable;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;

/**
 * A file that its process holds by a lock of the operating system, for as long as it lives: others see that it is in use, in
 * other containers too, and that it is not once the process has ended, however it ended.
 */
final class HeldFile implements Closeable {

    private final Path path;
    private final FileChannel channel;

    private HeldFile(Path path, FileChannel channel) {
        this.path = path;
        this.channel = channel;
    }

    /**
     * Makes a file and holds it. Where the file system knows no locks it is not held, and nobody else can hold it either.
     *
     * @return the file, or empty if somebody took it for a leftover before it could be held
     */
    static Optional<HeldFile> create(Path path) throws IOException {
        FileChannel channel = FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        boolean held = false;
        try {
            held = lock(channel) && Files.exists(path, LinkOption.NOFOLLOW_LINKS);
        } catch (IOException e) {
            held = true;
        } finally {
            if (!held) {
                channel.close();
            }
        }
        return held ? Optional.of(new HeldFile(path, channel)) : Optional.empty();
    }

    /** Takes a regular file that nobody holds; empty if somebody does, or it cannot be told. */
    static Optional<HeldFile> takeOver(Path path) {
        if (!Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS)) {
            return Optional.empty();
        }
        try {
            FileChannel channel = FileChannel.open(path, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS);
            boolean held = false;
            try {
                held = lock(channel);
            } finally {
                if (!held) {
                    channel.close();
                }
            }
            return held ? Optional.of(new HeldFile(path, channel)) : Optional.empty();
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /** Whether the lock could be had; false if another process, or this one, holds it. */
    static boolean lock(FileChannel channel) throws IOException {
        try {
            return channel.tryLock() != null;
        } catch (OverlappingFileLockException e) {
            return false;
        }
    }

    Path path() {
        return path;
    }

    FileChannel channel() {
        return channel;
    }

    /** Lets go; the file stays. */
    @Override
    public void close() throws IOException {
        channel.close();
    }
}
