package ai.spattention.olmoe.io;

import ai.spattention.common.InvalidInputException;
import java.io.Closeable;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Keeps a second process from writing to the same place, until it is closed or this process ends, however it ends. What was
 * checked before the lock was taken has to be checked again under it.
 */
public final class FolderLock implements Closeable {

    private final Path file;
    private final Object key;
    private final FileChannel channel;
    private final List<Path> created;

    private FolderLock(Path file, Object key, FileChannel channel, List<Path> created) {
        this.file = file;
        this.key = key;
        this.channel = channel;
        this.created = created;
    }

    /**
     * Takes the lock.
     *
     * @param file the file that carries the lock; it and the folders above it are made if need be, and go with the lock
     * @param place what is locked, for the message
     * @return the lock
     * @throws InvalidInputException if another process, or another part of this one, holds it; if the file is a symbolic link,
     *     or no file; or if it cannot be made for a reason that a person can mend
     * @throws IOException if the file cannot be opened for another reason
     */
    public static FolderLock take(Path file, Path place) throws IOException {
        Path path = file.toAbsolutePath();
        List<Path> created = new ArrayList<>();
        try {
            Optional<FolderLock> lock = attempt(path, place, created);
            while (lock.isEmpty()) {
                lock = attempt(path, place, created);
            }
            return lock.get();
        } catch (IOException e) {
            deleteCreated(created);
            throw AtomicFile.explain(file, e);
        } catch (RuntimeException e) {
            deleteCreated(created);
            throw e;
        }
    }

    /** Empty if the file was deleted, by a process that let go, before it was locked: then others would lock another file. */
    private static Optional<FolderLock> attempt(Path file, Path place, List<Path> created) throws IOException {
        createFolders(file.getParent(), created);
        try {
            Files.createFile(file);
        } catch (FileAlreadyExistsException e) {
            // left by a process that was killed, or held
        }
        FileChannel channel = null;
        boolean taken = false;
        try {
            BasicFileAttributes before = attributes(file);
            if (!before.isRegularFile()) {
                throw new InvalidInputException(file + (before.isSymbolicLink() ? " is a symbolic link" : " is no file")
                        + ", but has to be the file that keeps a second process out: remove it");
            }
            channel = FileChannel.open(file, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS);
            if (!HeldFile.lock(channel)) {
                throw new InvalidInputException("another process is writing to " + place + ": wait for it, or choose another place");
            }
            Object key = attributes(file).fileKey();
            taken = key == null || key.equals(before.fileKey());
            return taken ? Optional.of(new FolderLock(file, key, channel, created)) : Optional.empty();
        } catch (NoSuchFileException e) {
            return Optional.empty();
        } finally {
            if (!taken && channel != null) {
                channel.close();
            }
        }
    }

    private static BasicFileAttributes attributes(Path file) throws IOException {
        return Files.readAttributes(file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
    }

    private static void createFolders(Path folder, List<Path> created) throws IOException {
        List<Path> missing = new ArrayList<>();
        for (Path each = folder; each != null && !Files.exists(each, LinkOption.NOFOLLOW_LINKS); each = each.getParent()) {
            missing.add(0, each);
        }
        Files.createDirectories(folder);
        created.addAll(missing);
    }

    private static void deleteCreated(List<Path> created) throws IOException {
        for (int i = created.size() - 1; i >= 0; i--) {
            OwnFiles.deleteIfEmpty(created.get(i));
        }
    }

    /** Lets go. The folders that were made for the lock go, too, if nothing has been written into them. */
    @Override
    public void close() throws IOException {
        try {
            if (key != null && key.equals(attributes(file).fileKey())) {
                Files.delete(file);
            }
        } catch (NoSuchFileException e) {
            // deleted with its folder
        } finally {
            channel.close();
        }
        deleteCreated(created);
    }
}
