package ai.spattention.olmoe.io;

import ai.spattention.InvalidInputException;
import ai.spattention.olmoe.json.StrictJson;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * Writes a folder of files whole or not at all: beside its place, and moved there in one step. A hidden list in the folder,
 * {@value #LIST}, says which files were written. When the folder is written again those go, if they are still what was written;
 * all else in it is somebody's and stays.
 */
public final class AtomicFolder {

    /** The list's name. While a folder is being written the list is empty and held. */
    static final String LIST = ".spattention-files.json";

    private static final int FORMAT = 1;
    private static final ObjectMapper JSON = StrictJson.ofRecords().build();

    private AtomicFolder() {}

    /** Writes the files of a folder. */
    @FunctionalInterface
    public interface Content {

        /**
         * Writes.
         *
         * @param folder the folder, empty; files go directly into it
         * @throws IOException if writing fails
         */
        void writeTo(Path folder) throws IOException;
    }

    private record FileList(int format, Map<String, Stamp> files) {}

    /** Enough to see that a file was changed or exchanged since. */
    private record Stamp(long bytes, long modifiedMillis) {

        static Stamp of(Path file) throws IOException {
            BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
            return new Stamp(attributes.size(), attributes.lastModifiedTime().toMillis());
        }
    }

    /**
     * Refuses a folder that could not be written, before the work whose result it is to hold.
     *
     * @param folder the folder
     * @throws InvalidInputException if it is a symbolic link, whose folder is somebody's, or a file
     */
    public static void requireWritable(Path folder) {
        if (Files.isSymbolicLink(folder)) {
            throw new InvalidInputException(folder + " is a symbolic link, and what it leads to is not this program's to replace:"
                    + " remove the link, or write elsewhere");
        }
        if (Files.exists(folder) && !Files.isDirectory(folder)) {
            throw new InvalidInputException(folder + " is a file: a folder has to be written there");
        }
    }

    /**
     * Writes a folder. From one that is there, files of others move into the new one. Those whose names the new one needs itself,
     * a changed or foreign {@code config.json}, stay together in {@code NAME.old}, or {@code NAME.old-2} and so on.
     *
     * @param folder the folder, absent or to be replaced; the one above it is created if need be
     * @param content its content
     * @throws InvalidInputException as {@link #requireWritable}, and if the disk is full or the folder above cannot be written; then
     *     the folder is as it was
     * @throws IOException if writing fails otherwise; then the folder is as it was, or replaced
     */
    public static void write(Path folder, Content content) throws IOException {
        requireWritable(folder);
        Path target = folder.toAbsolutePath();
        try {
            Files.createDirectories(target.getParent());
            clearLeftovers(target.getParent());
            Path temporary = TemporaryName.beside(target);
            Optional<HeldFile> list = begin(temporary);
            while (list.isEmpty()) {
                temporary = TemporaryName.beside(target);
                list = begin(temporary);
            }
            try (HeldFile held = list.get()) {
                write(temporary, target, held, content);
            }
        } catch (IOException e) {
            throw AtomicFile.explain(folder, e);
        }
    }

    private static Optional<HeldFile> begin(Path temporary) throws IOException {
        Files.createDirectory(temporary);
        try {
            return HeldFile.create(temporary.resolve(LIST));
        } catch (NoSuchFileException e) { // somebody took the empty folder for a leftover
            return Optional.empty();
        }
    }

    private static void write(Path temporary, Path target, HeldFile list, Content content) throws IOException {
        Optional<Path> old;
        boolean inPlace = false;
        try {
            content.writeTo(temporary);
            AtomicFile.text(listOf(temporary)).writeTo(list.channel());
            list.channel().force(true);
            force(temporary);
            old = put(temporary, target);
            inPlace = true;
        } finally {
            if (!inPlace) {
                OwnFiles.deleteTree(temporary);
            }
        }
        force(target.getParent());
        if (old.isPresent()) {
            retire(old.get(), target);
        }
    }

    private static String listOf(Path folder) throws IOException {
        Map<String, Stamp> files = new TreeMap<>();
        for (Path file : entries(folder)) {
            if (!file.endsWith(LIST)) {
                files.put(file.getFileName().toString(), Stamp.of(file));
            }
        }
        return JSON.writerWithDefaultPrettyPrinter().writeValueAsString(new FileList(FORMAT, files)) + "\n";
    }

    /** Moves a whole folder to its place; gives the place of the one that was there. */
    private static Optional<Path> put(Path whole, Path target) throws IOException {
        if (!Files.exists(target, LinkOption.NOFOLLOW_LINKS) || entries(target).isEmpty()) {
            Files.move(whole, target, StandardCopyOption.ATOMIC_MOVE);
            return Optional.empty();
        }
        return Optional.of(RenameExchange.exchange(whole, target));
    }

    /** Deletes a replaced folder's own files, and gives what others put into it to the folder in its place. */
    private static void retire(Path old, Path current) throws IOException {
        Map<String, Stamp> own = read(old.resolve(LIST)).map(FileList::files).orElse(Map.of());
        for (Path entry : entries(old)) {
            String name = entry.getFileName().toString();
            boolean isFile = Files.isRegularFile(entry, LinkOption.NOFOLLOW_LINKS);
            if (isFile && Stamp.of(entry).equals(own.get(name))) {
                Files.deleteIfExists(entry);
            } else if (!name.equals(LIST) && !Files.exists(current.resolve(name), LinkOption.NOFOLLOW_LINKS)) {
                Files.move(entry, current.resolve(name), StandardCopyOption.ATOMIC_MOVE);
            }
        }
        if (entries(old).stream().allMatch(entry -> entry.endsWith(LIST))) {
            OwnFiles.deleteTree(old);
        } else {
            OwnFiles.moveAside(old, current);
        }
    }

    /**
     * Clears what processes that were killed left beside a folder that they wrote, and files that they did not complete. Of a
     * folder that was being replaced at that moment the whole one gets the name.
     *
     * @param parent the folder in which the folders and files lie
     * @throws IOException if something cannot be moved or deleted
     */
    public static void clearLeftovers(Path parent) throws IOException {
        AtomicFile.clearLeftovers(parent);
        List<Path> found = entries(parent).stream()
                .filter(entry -> TemporaryName.ofAnotherProcess(entry).isPresent())
                .filter(entry -> Files.isDirectory(entry, LinkOption.NOFOLLOW_LINKS))
                .sorted(Comparator.comparing((Path entry) -> entry.resolve(LIST).toFile().lastModified()).reversed()).toList();
        for (Path leftover : found) { // the newest first
            OwnFiles.deleteIfEmpty(leftover);
            Path target = parent.resolve(TemporaryName.ofAnotherProcess(leftover).orElseThrow());
            Path list = leftover.resolve(LIST);
            if (Files.exists(list, LinkOption.NOFOLLOW_LINKS)) {
                Optional<HeldFile> free = HeldFile.takeOver(list);
                if (free.isPresent()) {
                    try (HeldFile held = free.get()) {
                        clear(leftover, target);
                    }
                }
            } else if (Files.exists(leftover)) { // a folder of somebody's that was just replaced
                putOrRetire(leftover, target);
            }
        }
    }

    private static void clear(Path leftover, Path target) throws IOException {
        if (Files.size(leftover.resolve(LIST)) == 0) {
            OwnFiles.deleteTree(leftover); // never completed: nobody but the killed process wrote into it
        } else {
            putOrRetire(leftover, target);
        }
    }

    private static void putOrRetire(Path leftover, Path target) throws IOException {
        if (Files.exists(target, LinkOption.NOFOLLOW_LINKS)) {
            retire(leftover, target);
        } else {
            Files.move(leftover, target, StandardCopyOption.ATOMIC_MOVE);
        }
    }

    /** A folder's list; empty if there is none that is whole. */
    private static Optional<FileList> read(Path list) throws IOException {
        if (!Files.isRegularFile(list, LinkOption.NOFOLLOW_LINKS)) {
            return Optional.empty();
        }
        try {
            FileList read = JSON.readValue(Files.readAllBytes(list), FileList.class);
            return Optional.ofNullable(read).filter(files -> files.format == FORMAT && files.files != null);
        } catch (JsonProcessingException e) {
            return Optional.empty();
        }
    }

    private static List<Path> entries(Path folder) throws IOException {
        try (Stream<Path> entries = Files.list(folder)) {
            return entries.toList();
        }
    }

    /** Makes new names in a folder survive a power cut, where folders can be opened: Windows, which has no such permissions, cannot. */
    static void force(Path folder) throws IOException {
        if (!folder.getFileSystem().supportedFileAttributeViews().contains("posix")) {
            return;
        }
        try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }
}
