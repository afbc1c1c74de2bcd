package ai.spattention.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledForJreRange;
import org.junit.jupiter.api.io.TempDir;

/** A master and two workers as processes of their own, and executors that are killed while they work. */
@DisabledForJreRange(minVersion = 24, disabledReason = "the Hadoop of Spark 3.5 and 4.0 asks for what Java 24 has removed")
class StandaloneClusterLongTest {

    private static final Pattern URL = Pattern.compile("spark://[^ ]+:[0-9]+");

    @TempDir
    private Path folder;

    private final List<Process> cluster = new ArrayList<>();
    private String master;

    @BeforeEach
    void start() throws Exception {
        Files.createDirectory(folder.resolve("jars")); // Spark's launcher looks for it, and the class path has all
        Process leader = node("master", "org.apache.spark.deploy.master.Master", "--host", "localhost", "--port", "0", "--webui-port", "0");
        master = logged("master", "Starting Spark master at", leader);
        for (String name : List.of("one", "two")) {
            Process worker = node(name, "org.apache.spark.deploy.worker.Worker", "--host", "localhost", "--webui-port", "0", "--cores", "1",
                    "--memory", "1g", "--work-dir", folder.resolve("work-" + name).toString(), master);
            logged(name, "registered with master", worker);
        }
    }

    private Process node(String name, String... command) throws IOException {
        List<String> whole = new ArrayList<>(List.of(ProcessHandle.current().info().command().orElse("java"), "-Xmx512m",
                "-Dlog4j2.configurationFile=" + Files.writeString(folder.resolve("log4j2.properties"), """
                        appender.console.type = Console
                        appender.console.name = console
                        rootLogger.level = info
                        rootLogger.appenderRef.console.ref = console
                        """).toUri()));
        Stream.of(System.getProperty("test.opens").split(" ")).filter(option -> option.startsWith("--add-opens")).forEach(whole::add);
        whole.addAll(List.of("-cp", classPath()));
        whole.addAll(List.of(command));
        ProcessBuilder builder = new ProcessBuilder(whole).redirectErrorStream(true).redirectOutput(folder.resolve(name + ".log").toFile());
        builder.environment().put("SPARK_LOCAL_IP", "127.0.0.1");
        builder.environment().put("SPARK_HOME", folder.toString());
        builder.environment().put("SPARK_SCALA_VERSION", System.getProperty("scala.version")); // else it looks for a build of its own
        Process process = builder.start();
        cluster.add(process);
        return process;
    }

    private static String classPath() {
        return System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    }

    /** Waits for a line of a node's log; gives the URL in it, or the line. */
    private String logged(String name, String text, Process process) throws Exception {
        String[] found = new String[1];
        await(() -> {
            try (BufferedReader lines = Files.newBufferedReader(folder.resolve(name + ".log"))) {
                found[0] = lines.lines().filter(line -> line.contains(text)).findFirst().orElse(null);
                return found[0] != null || !process.isAlive();
            } catch (IOException e) {
                return false;
            }
        });
        assertTrue(found[0] != null, () -> read(folder.resolve(name + ".log")));
        Matcher url = URL.matcher(found[0]);
        return url.find() ? url.group() : found[0];
    }

    private static void await(BooleanSupplier condition) throws InterruptedException {
        long end = System.nanoTime() + TimeUnit.MINUTES.toNanos(5);
        while (!condition.getAsBoolean()) {
            assertTrue(System.nanoTime() < end, "waited for five minutes");
            TimeUnit.MILLISECONDS.sleep(50);
        }
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            return e.toString();
        }
    }

    /** What the nodes and their executors said. */
    private String logs() {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(file -> file.endsWith("stderr") || file.toString().endsWith(".log")).map(file -> "\n" + file + "\n" + read(file))
                    .reduce("", String::concat);
        } catch (IOException e) {
            return e.toString();
        }
    }

    @AfterEach
    void stop() {
        for (Process process : cluster) {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
        }
    }

    /** Kills the executor above a process, as a machine that is lost does. */
    private static void killExecutorOf(long pid) {
        ProcessHandle executor = ProcessHandle.of(pid).orElseThrow().parent().orElseThrow();
        assertNotEquals(ProcessHandle.current().pid(), executor.pid());
        executor.destroyForcibly();
    }

    private Submission submit(java.util.concurrent.Callable<Integer> program, String... arguments) {
        Map<String, String> settings = new TreeMap<>(Map.of("spark.executor.memory", "512m", "spark.executor.extraClassPath", classPath(),
                "spark.executor.extraJavaOptions", System.getProperty("test.opens"), "spark.executorEnv.SPARK_LOCAL_IP", "127.0.0.1"));
        settings.forEach(System::setProperty);
        try {
            return Submission.run(master, program, arguments);
        } finally {
            settings.keySet().forEach(System::clearProperty);
        }
    }

    @Test
    void aKilledExecutorStartsTheTrainingAgain() throws Exception {
        Path script = Submission.script(folder.resolve("script"), "cd " + folder, "attempt=first",
                "case \"$*\" in *--resume) attempt=second ;; esac", "echo $$ > $attempt-$RANK.tmp", "mv $attempt-$RANK.tmp $attempt-$RANK",
                "if [ $attempt = first ]; then exec sleep 600; fi");
        CompletableFuture<Submission> job = CompletableFuture.supplyAsync(() -> submit(new SparkLaunch(), "--spattn", script.toString(),
                "--processes", "2", "--max-restarts", "2", "train", "--output", folder.toString()));
        List<Long> first = new ArrayList<>();
        for (String rank : List.of("first-0", "first-1")) {
            await(() -> Files.exists(folder.resolve(rank)) || job.isDone());
            assertTrue(Files.exists(folder.resolve(rank)), () -> job.join().err() + logs());
            first.add(Long.parseLong(Files.readString(folder.resolve(rank)).strip()));
        }
        killExecutorOf(first.get(1));
        Submission result = job.get(10, TimeUnit.MINUTES);
        assertEquals(0, result.code(), () -> result.err() + logs());
        assertTrue(result.err().contains("restart 1 of 2"), result.err());
        assertTrue(Files.exists(folder.resolve("second-0")) && Files.exists(folder.resolve("second-1")));
        assertFalse(ProcessHandle.of(first.get(0)).map(ProcessHandle::isAlive).orElse(false), "rank 0 of the first start lives on");
        System.out.println("a killed executor: " + result.err().strip());
    }

    /** The unit that a killed executor prepared is prepared again elsewhere. */
    @Test
    void aKilledExecutorsUnitIsPreparedAgain() throws Exception {
        for (int i = 0; i < 6; i++) {
            Files.createDirectories(folder.resolve("in"));
            Files.writeString(folder.resolve("in/" + i + ".txt"), ("text " + i + " ").repeat(500 + 77 * i));
        }
        Submission.spattn("prepare", folder.resolve("in").toString(), "--tokenizer", "bytes", "--unit-bytes", "5000", "--validation-fraction", "0",
                "--workers", "3", "--output", folder.resolve("local").toString());
        Files.writeString(folder.resolve("classpath"), Submission.spattn());
        Path script = Submission.script(folder.resolve("script"), "cd " + folder,
                "if [ \"$2\" = prepare ] && mkdir slow 2>/dev/null; then echo $$ > slow.tmp; mv slow.tmp slow/pid; exec sleep 600; fi",
                "exec java -XX:+UseSerialGC --add-opens=java.base/java.nio=ALL-UNNAMED -cp \"$(cat classpath)\" ai.spattention.train.cli.Main \"$@\"");
        Path pid = folder.resolve("slow/pid");
        CompletableFuture<Submission> job = CompletableFuture.supplyAsync(() -> submit(new SparkPrepare(), folder.resolve("in").toString(),
                "--tokenizer", "bytes", "--unit-bytes", "5000", "--validation-fraction", "0", "--output", folder.resolve("out").toString(),
                "--spattn", script.toString()));
        await(() -> Files.exists(pid) || job.isDone());
        assertTrue(Files.exists(pid), () -> job.join().err() + logs());
        killExecutorOf(Long.parseLong(Files.readString(pid).strip()));
        Submission result = job.get(10, TimeUnit.MINUTES);
        assertEquals(0, result.code(), () -> result.err() + logs());
        assertEquals(contents(folder.resolve("local")), contents(folder.resolve("out")));
        System.out.println("a killed executor: " + result.err().strip());
    }

    private static Map<String, String> contents(Path folder) throws IOException {
        Map<String, String> contents = new TreeMap<>();
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : (Iterable<Path>) files.filter(Files::isRegularFile)::iterator) {
                contents.put(folder.relativize(file).toString(), java.util.Arrays.toString(Files.readAllBytes(file)));
            }
        }
        return contents;
    }
}
