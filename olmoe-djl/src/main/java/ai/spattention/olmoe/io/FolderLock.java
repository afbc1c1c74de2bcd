package ai.spattention.olmoe.io;

import ai.spattention.InvalidInputException;
import java.io.Closeable;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** Keeps a second process out of a folder, until it is closed or this process ends, however it ends. */
public final class FolderLock implements Closeable {

    private final FileChannel channel;

    private FolderLock(FileChannel channel) {
        this.channel = channel;
    }

    /**
     * Takes the lock.
     *
     * @param file the file that carries the lock; it is made if need be, and stays
     * @param folder what is locked, for the message
     * @return the lock
     * @throws InvalidInputException if another process, or another part of this one, holds it
     * @throws IOException if the file cannot be opened
     */
    public static FolderLock take(Path file, Path folder) throws IOException {
        FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        boolean taken = false;
        try {
            taken = channel.tryLock() != null;
        } catch (OverlappingFileLockException e) {
            // held by this very process: not taken either
        } finally {
            if (!taken) {
                channel.close();
            }
        }
        if (!taken) {
            throw new InvalidInputException("another process is writing to " + folder + ": wait for it, or choose another folder");
        }
        return new FolderLock(channel);
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
