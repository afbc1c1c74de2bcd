package ai.spattention.spark;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.LocatedFileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RemoteIterator;

/** Finds the files that a command line means, as local {@code prepare} does, wherever Hadoop reaches. */
final class InputListing {

    private final Storage storage;
    private final Map<String, String> sets = new LinkedHashMap<>(); // of all files, by their names
    private final List<String> folders = new ArrayList<>();

    InputListing(Storage storage) {
        this.storage = storage;
    }

    /**
     * Lists files, hidden ones left out.
     *
     * @param set the held-out set that they belong to; empty if they are learnt from
     * @param inputs files, folders and patterns
     * @return the files, ordered by their names
     * @throws RefusedException if an input does not exist, matches nothing or was found for another set, too
     */
    List<UnitFile> find(String set, List<String> inputs) throws IOException {
        Map<String, UnitFile> found = new TreeMap<>();
        for (String input : inputs) {
            List<FileStatus> files = files(input);
            if (files.isEmpty()) {
                throw new RefusedException("there are no files in " + input);
            }
            for (FileStatus file : files) {
                String name = name(file.getPath());
                if (name.indexOf('\t') >= 0 || name.indexOf('\n') >= 0) {
                    throw new RefusedException("'" + name + "' has a tab or a line break in its name: rename it");
                }
                found.put(name, new UnitFile(set, name, file.getLen(), file.getModificationTime()));
            }
        }
        for (String name : found.keySet()) {
            String other = sets.putIfAbsent(name, set);
            if (other != null) {
                throw new RefusedException(set.isEmpty() ? name + " is held out as '" + other + "' and is in the input, too: what measures a"
                        + " model must not be learnt from; name inputs without it"
                        : name + " is in two held-out sets, " + other + " and " + set + ": name it once");
            }
        }
        return new ArrayList<>(found.values());
    }

    private List<FileStatus> files(String input) throws IOException {
        Path path;
        try {
            path = new Path(input);
        } catch (IllegalArgumentException e) {
            throw new RefusedException("'" + input + "' is not a path: " + e.getMessage());
        }
        if (input.contains("**")) {
            throw new RefusedException("'" + input + "' crosses folders, which Hadoop's patterns do not: name the folder");
        }
        FileSystem system = storage.system(path);
        FileStatus[] named = system.exists(path) ? new FileStatus[] {system.getFileStatus(path)} : system.globStatus(path);
        if (named == null || named.length == 0) {
            throw new RefusedException("there is no file or folder " + input + ", and no file matches it as a pattern");
        }
        List<FileStatus> files = new ArrayList<>();
        for (FileStatus each : named) {
            if (each.isDirectory()) {
                folders.add(name(each.getPath()));
                addBelow(system, each.getPath(), files);
            } else {
                files.add(each);
            }
        }
        return files;
    }

    private static void addBelow(FileSystem system, Path folder, Collection<FileStatus> files) throws IOException {
        int length = folder.toUri().getPath().length();
        for (RemoteIterator<LocatedFileStatus> below = system.listFiles(folder, true); below.hasNext();) {
            LocatedFileStatus file = below.next();
            if (!file.getPath().toUri().getPath().substring(length).contains("/.")) { // hidden, or in a hidden folder
                files.add(file);
            }
        }
    }

    /** The folder among the inputs in which a place lies, so that its files would be listed the next time; null if there is none. */
    String holder(String place) throws IOException {
        String whole = storage.qualified(place);
        return folders.stream().filter(folder -> (whole + "/").startsWith(folder.replaceFirst("/$", "") + "/")).findFirst().orElse(null);
    }

    private static String name(Path path) {
        return "file".equals(path.toUri().getScheme()) ? path.toUri().getPath() : path.toString();
    }
}
