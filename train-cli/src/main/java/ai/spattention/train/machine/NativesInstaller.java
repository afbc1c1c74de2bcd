package ai.spattention.train.machine;

import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.io.AtomicFile;
import ai.spattention.olmoe.io.FolderLock;
import ai.spattention.olmoe.io.OwnFiles;
import ai.spattention.train.terminal.DataProgress;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;

/**
 * Puts a kit of libraries into a folder: whole or not at all. Everything is unpacked into a hidden folder beside it, which
 * gets its name at the very end; what a killed run left there is cleared away by the next one.
 */
public final class NativesInstaller {

    /** Maven's own copy, the one that is unpacked, and the libraries: 2.5 + 2.5 + 4.1 GB for CUDA 12.4. */
    public static final long BYTES_NEEDED = 9_000_000_000L;

    private static final int BUFFER = 1 << 20;

    private final ArtifactSource source;
    private final long bytesNeeded;
    private final Consumer<String> notes;

    /**
     * Creates an installer.
     *
     * @param source where the artifacts come from
     * @param bytesNeeded free space without which nothing is begun
     * @param notes gets a line for every stage
     */
    public NativesInstaller(ArtifactSource source, long bytesNeeded, Consumer<String> notes) {
        this.source = source;
        this.bytesNeeded = bytesNeeded;
        this.notes = notes;
    }

    /**
     * Installs a kit.
     *
     * @param kit the kit
     * @param folder the folder to make; one that holds the kit already is left as it is
     * @return the folder
     * @throws InvalidInputException if the folder holds something else, the disk is too full, or an artifact cannot be had
     *     as asked
     * @throws IOException if an artifact cannot be fetched or unpacked; the folder does not exist then
     */
    public NativesFolder install(GpuKit kit, Path folder) throws IOException {
        Path target = Files.exists(folder) ? folder.toRealPath() : folder.toAbsolutePath().normalize();
        NativesFolder result = new NativesFolder(target);
        if (isThere(kit, result)) {
            notes.accept("the libraries are in " + target + " already: delete that folder to have them fetched again");
            return result;
        }
        try {
            Files.createDirectories(target.getParent());
            try (FolderLock lock = FolderLock.take(target.resolveSibling("." + target.getFileName() + ".lock"), target)) {
                if (isThere(kit, result)) { // another process has ended meanwhile
                    return result;
                }
                Path work = target.resolveSibling("." + target.getFileName() + ".unpacking");
                OwnFiles.deleteTree(work);
                requireSpace(target);
                try {
                    unpack(kit, Files.createDirectories(work));
                    Files.deleteIfExists(target); // an empty folder, as checked above
                    Files.move(work.resolve("libraries"), target, StandardCopyOption.ATOMIC_MOVE);
                } finally {
                    OwnFiles.deleteTree(work);
                }
            }
        } catch (IOException e) {
            throw AtomicFile.explain(target, e);
        }
        return result;
    }

    private static boolean isThere(GpuKit kit, NativesFolder folder) throws IOException {
        if (!Files.exists(folder.path())) {
            return false;
        }
        if (!Files.isDirectory(folder.path())) {
            throw new InvalidInputException(folder.path() + " is a file: name a folder with --output");
        }
        if (folder.isCuda() && folder.missing().isEmpty()
                && folder.version().equals(Optional.of(new NativesFolder.Version(kit.version(), kit.flavor())))) {
            return true;
        }
        try (Stream<Path> files = Files.list(folder.path())) {
            if (files.findAny().isPresent()) {
                throw new InvalidInputException(folder.path() + " is not empty and does not hold PyTorch " + kit.version() + " for "
                        + kit.flavor() + " whole: delete it, or name another folder with --output");
            }
        }
        return false;
    }

    private void requireSpace(Path target) throws IOException {
        long free = Files.getFileStore(target.getParent()).getUsableSpace();
        if (free < bytesNeeded) {
            throw new InvalidInputException(String.format(Locale.ROOT, "the disk of %s has %.1f GB free, but fetching and unpacking"
                    + " takes %.1f GB: free some space, or name a folder on another disk with --output", target.getParent(),
                    free / 1e9, bytesNeeded / 1e9));
        }
    }

    private void unpack(GpuKit kit, Path work) throws IOException {
        Path libraries = Files.createDirectory(work.resolve("libraries"));
        for (GpuKit.Part part : kit.parts()) {
            notes.accept("fetching " + part.artifact() + " through Maven");
            Path jar = source.fetch(part.artifact(), Files.createDirectories(work.resolve("jars")));
            notes.accept(String.format(Locale.ROOT, "unpacking %s (%.2f GB)", jar.getFileName(), Files.size(jar) / 1e9));
            extract(jar, part.folder(), libraries);
            Files.delete(jar);
        }
        Files.writeString(libraries.resolve(NativesFolder.VERSION_FILE), kit.version() + "\n" + kit.flavor() + "\n");
        NativesFolder unpacked = new NativesFolder(libraries);
        if (!unpacked.isCuda() || !unpacked.missing().isEmpty()) {
            throw new IOException("the artifacts lack " + (unpacked.isCuda() ? String.join(", ", unpacked.missing())
                    : "libtorch_cuda.so") + ": they are not what was published");
        }
    }

    /** The files that lie directly in a folder of the jar; their names carry no path, so none can leave the target. */
    private static void extract(Path jar, String folder, Path target) throws IOException {
        try (ZipFile zip = new ZipFile(jar.toFile())) {
            List<ZipEntry> entries = zip.stream().map(ZipEntry.class::cast).filter(entry -> isFileIn(folder, entry)).toList();
            if (entries.isEmpty()) {
                throw new IOException(jar.getFileName() + " holds nothing in " + folder + ": it is not what was published");
            }
            long total = entries.stream().mapToLong(ZipEntry::getSize).sum();
            byte[] buffer = new byte[BUFFER];
            long done = 0;
            try (DataProgress progress = DataProgress.start("unpacking", 0, total)) {
                for (ZipEntry entry : entries) {
                    Path file = target.resolve(entry.getName().substring(folder.length()));
                    try (InputStream in = zip.getInputStream(entry); OutputStream out = Files.newOutputStream(file)) {
                        for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
                            out.write(buffer, 0, count);
                            done += count;
                            progress.update(done, done);
                        }
                    }
                }
            }
        } catch (ZipException e) {
            throw new IOException(jar.getFileName() + " is damaged (" + e.getMessage()
                    + "): delete it from Maven's local repository and try again", e);
        }
    }

    private static boolean isFileIn(String folder, ZipEntry entry) {
        String name = entry.getName();
        return !entry.isDirectory() && name.startsWith(folder) && name.length() > folder.length()
                && name.indexOf('/', folder.length()) < 0 && !name.endsWith("..");
    }
}
