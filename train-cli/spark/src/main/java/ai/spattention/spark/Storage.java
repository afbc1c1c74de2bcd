package ai.spattention.spark;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * Files and folders wherever Hadoop reaches: {@code hdfs://}, {@code s3a://}, a folder that all machines share.
 *
 * @param settings Hadoop's, as the driver has them
 */
record Storage(Map<String, String> settings) implements Serializable {

    static Storage of(Configuration configuration) {
        Map<String, String> settings = new HashMap<>();
        configuration.forEach(entry -> settings.put(entry.getKey(), entry.getValue()));
        return new Storage(settings);
    }

    FileSystem system(Path path) throws IOException {
        Configuration configuration = new Configuration(false);
        settings.forEach(configuration::set);
        FileSystem system = path.getFileSystem(configuration);
        system.setWriteChecksum(false); // Hadoop would lay a hidden file beside each local one
        return system;
    }

    /** A file's whole address, or its path if every machine has it in the same place. */
    String qualified(String file) throws IOException {
        Path path = system(new Path(file)).makeQualified(new Path(file));
        return "file".equals(path.toUri().getScheme()) ? path.toUri().getPath() : path.toString();
    }

    boolean exists(String file) throws IOException {
        return system(new Path(file)).exists(new Path(file));
    }

    /** The size of a file; -1 if it is not there. */
    long size(String file) throws IOException {
        try {
            return system(new Path(file)).getFileStatus(new Path(file)).getLen();
        } catch (FileNotFoundException e) {
            return -1;
        }
    }

    /** What lies in a folder; nothing if it is not there. */
    List<FileStatus> list(String folder) throws IOException {
        try {
            return List.of(system(new Path(folder)).listStatus(new Path(folder)));
        } catch (FileNotFoundException e) {
            return List.of();
        }
    }

    String read(String file) throws IOException {
        try (InputStream in = system(new Path(file)).open(new Path(file))) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    /** Writes a text, which gets its name when it is whole. */
    void write(String file, String text) throws IOException {
        Path path = new Path(file);
        Path whole = path.suffix("." + UUID.randomUUID() + ".tmp");
        FileSystem system = system(path);
        try (OutputStream out = system.create(whole)) {
            out.write(text.getBytes(StandardCharsets.UTF_8));
        }
        place(system, whole, path);
    }

    private static void place(FileSystem system, Path from, Path to) throws IOException {
        system.mkdirs(to.getParent());
        system.delete(to, false);
        if (!system.rename(from, to)) {
            throw new IOException(to + " cannot be written: " + from + " cannot get its name");
        }
    }

    /** Copies a file or a folder out of this machine. */
    void upload(java.nio.file.Path local, String to) throws IOException {
        Path path = new Path(to);
        FileSystem system = system(path);
        system.mkdirs(path.getParent());
        system.copyFromLocalFile(false, true, new Path(local.toUri()), path);
    }

    /** Copies a file or a folder to this machine. */
    void download(String from, java.nio.file.Path local) throws IOException {
        Path path = new Path(from);
        system(path).copyToLocalFile(false, path, new Path(local.toUri()), true);
    }

    /** Gives a file another name; what had that name is replaced. */
    void move(String from, String to) throws IOException {
        place(system(new Path(from)), new Path(from), new Path(to));
    }

    /** Deletes a file or a folder with all in it; need not be there. */
    void delete(String place) throws IOException {
        system(new Path(place)).delete(new Path(place), true);
    }
}
