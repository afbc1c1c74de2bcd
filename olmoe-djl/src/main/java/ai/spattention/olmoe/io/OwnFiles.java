package ai.spattention.olmoe.io;

import java.io.IOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.function.Predicate;

/** Deletes what this program wrote, and never through a symbolic link; what others wrote moves out of the way. */
public final class OwnFiles {

    private OwnFiles() {}

    /**
     * Deletes the regular files of a folder that have names of this program's, and what its killed processes left of them, and
     * then the folder if nothing else is in it. A folder that is a symbolic link is left alone.
     *
     * @param folder the folder; need not exist
     * @param own tells this program's names
     * @throws IOException if a file cannot be deleted
     */
    public static void delete(Path folder, Predicate<String> own) throws IOException {
        if (!Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder)) {
            for (Path entry : entries) {
                String name = TemporaryName.ofAnotherProcess(entry).orElse(entry.getFileName().toString());
                if (own.test(name) && Files.isRegularFile(entry, LinkOption.NOFOLLOW_LINKS)) {
                    Files.deleteIfExists(entry);
                }
            }
        }
        deleteIfEmpty(folder);
    }

    /**
     * Deletes a folder in which nothing is.
     *
     * @param folder the folder; need not exist
     * @throws IOException if it is empty and cannot be deleted
     */
    public static void deleteIfEmpty(Path folder) throws IOException {
        if (Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)) {
            try {
                Files.deleteIfExists(folder);
            } catch (DirectoryNotEmptyException e) {
                // somebody else's files are in it
            }
        }
    }

    /**
     * Gives what stands in the way of a folder, and may be somebody's, the first free name of NAME.old, NAME.old-2 and so on.
     *
     * @param folder the folder; need not exist
     * @throws IOException if it cannot be moved
     */
    public static void moveAside(Path folder) throws IOException {
        if (Files.exists(folder, LinkOption.NOFOLLOW_LINKS)) {
            moveAside(folder, folder);
        }
    }

    /** The same with the name of another folder in the same place. */
    static void moveAside(Path folder, Path named) throws IOException {
        String name = named.getFileName() + ".old";
        Path free = named.resolveSibling(name);
        for (int number = 2; Files.exists(free, LinkOption.NOFOLLOW_LINKS); number++) {
            free = named.resolveSibling(name + "-" + number);
        }
        Files.move(folder, free, StandardCopyOption.ATOMIC_MOVE);
    }

    /**
     * Deletes a folder that nobody but this program writes into, with all that is in it. Symbolic links in it go, what they lead
     * to stays.
     *
     * @param folder the folder; need not exist
     * @throws IOException if something cannot be deleted
     */
    public static void deleteTree(Path folder) throws IOException {
        if (!Files.exists(folder, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        Files.walkFileTree(folder, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Files.deleteIfExists(file);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFileFailed(Path file, IOException failure) throws IOException {
                if (failure instanceof NoSuchFileException) { // somebody else was faster
                    return FileVisitResult.CONTINUE;
                }
                throw failure;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path visited, IOException failure) throws IOException {
                if (failure != null) {
                    throw failure;
                }
                Files.deleteIfExists(visited);
                return FileVisitResult.CONTINUE;
            }
        });
    }
}
