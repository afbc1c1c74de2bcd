package ai.spattention.spark;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.LocatedFileStatus;
import org.apache.hadoop.fs.RemoteIterator;
import org.apache.hadoop.hdfs.MiniDFSCluster;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledForJreRange;
import org.junit.jupiter.api.io.TempDir;

/** Inputs and outputs in Hadoop's own file system, a cluster of which runs in this process. */
@DisabledForJreRange(minVersion = 24, disabledReason = "the Hadoop of Spark 3.5 and 4.0 asks for what Java 24 has removed")
class HdfsLongTest {

    @TempDir
    private Path folder;

    private MiniDFSCluster cluster;
    private FileSystem hdfs;

    @BeforeEach
    void start() throws IOException {
        Configuration configuration = new Configuration();
        configuration.set(MiniDFSCluster.HDFS_MINIDFS_BASEDIR, folder.resolve("hdfs").toString());
        cluster = new MiniDFSCluster.Builder(configuration).numDataNodes(1).build();
        cluster.waitActive();
        hdfs = cluster.getFileSystem();
    }

    @AfterEach
    void stop() throws IOException {
        hdfs.close();
        cluster.shutdown();
    }

    private static org.apache.hadoop.fs.Path there(String path) {
        return new org.apache.hadoop.fs.Path("/" + path);
    }

    private String name(String path) {
        return cluster.getURI() + "/" + path;
    }

    private void upload(String path) throws IOException {
        hdfs.copyFromLocalFile(new org.apache.hadoop.fs.Path(folder.resolve(path).toUri()), there(path));
    }

    private byte[] read(String path) throws IOException {
        try (var in = hdfs.open(there(path))) {
            return in.readAllBytes();
        }
    }

    private Set<String> files(String path) throws IOException {
        Set<String> names = new TreeSet<>();
        for (RemoteIterator<LocatedFileStatus> files = hdfs.listFiles(there(path), true); files.hasNext();) {
            names.add(files.next().getPath().toUri().getPath().substring(path.isEmpty() ? 1 : path.length() + 2));
        }
        return names;
    }

    private Submission prepare() throws IOException {
        return Submission.run("local[2]", new SparkPrepare(), name("in"), "--tokenizer", name("local/tokenizer.json"), "--unit-bytes", "2000",
                "--validation-fraction", "0", "--output", name("out"), "--spattn", Submission.spattn());
    }

    @Test
    void preparedTextIsThatOfPrepare() throws IOException {
        Files.createDirectory(folder.resolve("in"));
        for (int i = 0; i < 3; i++) {
            Files.writeString(folder.resolve("in/" + i + ".txt"), ("text " + i + " ").repeat(300));
        }
        Path local = folder.resolve("local");
        Submission.spattn("prepare", folder.resolve("in").toString(), "--tokenizer", "bytes", "--unit-bytes", "2000", "--validation-fraction", "0",
                "--output", local.toString());
        upload("in");
        upload("local/tokenizer.json");
        Submission whole = prepare();
        assertEquals(0, whole.code(), whole.err());
        Set<String> names = new TreeSet<>();
        try (Stream<Path> files = Files.walk(local)) {
            files.filter(Files::isRegularFile).forEach(file -> names.add(local.relativize(file).toString()));
        }
        assertEquals(names, files("out"), "nothing unfinished is left");
        for (String name : names) {
            if (name.endsWith(".npy") || name.equals("tokenizer.json")) {
                assertArrayEquals(Files.readAllBytes(local.resolve(name)), read("out/" + name), name);
            }
        }
        assertEquals("spattn: " + name("out") + " holds prepared data already: choose another folder, or delete it", prepare().lastLine());
    }

    @Test
    void resultsAreLeftThere() throws IOException {
        String place = Submission.script(folder.resolve("spattn"), """
                while [ $# -gt 0 ]; do
                  case "$1" in --output) output=$2 ;; --part) part=$2 ;; esac
                  shift
                done
                if [ -n "$part" ]; then
                  echo "part $part" > "$output.part-${part%/*}-of-${part#*/}"
                else
                  cat "$output".part-* > "$output"
                fi""").toString();
        List<String> arguments = new ArrayList<>(List.of("--spattn", place, "--output", name("results.json"), "--parts", "2", "--", "--task", "t"));
        Submission done = Submission.run("local[2]", new SparkEval(), arguments.toArray(String[]::new));
        assertEquals("results: " + name("results.json"), done.lastLine());
        assertEquals("part 1/2\npart 2/2\n", new String(read("results.json"), StandardCharsets.UTF_8));
        assertEquals(Set.of("results.json"), files(""));
    }
}
