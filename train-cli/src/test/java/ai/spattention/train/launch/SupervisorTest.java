package ai.spattention.train.launch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.train.distributed.Mpiexec;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Launchers in processes of their own; their workers are small scripts. */
@Timeout(300)
class SupervisorTest {

    /** Says that it is there and waits for longer than any test; its parent's end does not end it. */
    private static final String WAIT = "sleep 1000 & echo ready $RANK $$ >&2; wait";

    private final List<Process> started = new ArrayList<>();

    @TempDir
    private Path folder;

    private record Result(int code, String out, String err) {}

    @BeforeEach
    void requireBash() {
        Assumptions.assumeTrue(Files.exists(Path.of("/bin/bash")), "the workers are scripts for bash");
    }

    @AfterEach
    void endAll() {
        started.forEach(process -> {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
        });
    }

    private Process start(String name, int processes, int nodes, int node, String master, int restarts, int restartProcesses, String script)
            throws IOException {
        List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Xmx64m", "-cp",
                System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")), LaunchMain.class.getName(),
                "" + processes, "" + nodes, "" + node, master, "" + restarts, "" + restartProcesses, "/bin/bash", "-c", script));
        ProcessBuilder builder = new ProcessBuilder(command).redirectOutput(folder.resolve(name + ".out").toFile())
                .redirectError(folder.resolve(name + ".err").toFile());
        builder.environment().put("PMI_RANK", "17"); // of a launcher around this one
        Process process = builder.start();
        started.add(process);
        return process;
    }

    private Process start(int processes, int restarts, int restartProcesses, String script) throws IOException {
        return start("0", processes, 1, 0, "-", restarts, restartProcesses, script);
    }

    private Result end(String name, Process process) throws Exception {
        int code = process.waitFor();
        return new Result(code, Files.readString(folder.resolve(name + ".out")), Files.readString(folder.resolve(name + ".err")));
    }

    private Result run(int processes, int restarts, int restartProcesses, String script) throws Exception {
        return end("0", start(processes, restarts, restartProcesses, script));
    }

    /** Waits until the launcher's messages hold a text so often. */
    private void await(String text, int times) throws Exception {
        while (lines(text).size() < times) {
            Thread.onSpinWait();
            started.get(0).waitFor(10, TimeUnit.MILLISECONDS);
            assertTrue(started.get(0).isAlive(), () -> "ended before " + text);
        }
    }

    private List<String> lines(String text) throws IOException {
        return Files.readAllLines(folder.resolve("0.err")).stream().filter(line -> line.contains(text)).toList();
    }

    private List<ProcessHandle> workers(int count) throws Exception {
        await("ready ", count);
        return lines("ready ").stream().map(line -> line.substring(line.lastIndexOf(' ') + 1))
                .map(pid -> ProcessHandle.of(Long.parseLong(pid)).orElseThrow()).toList();
    }

    @Test
    void workersKnowWhoTheyAreAndRankNoughtSpeaksForAll() throws Exception {
        Result result = run(3, 0, 3, "echo result $RANK; echo $RANK/$WORLD_SIZE $LOCAL_RANK/$LOCAL_WORLD_SIZE $MASTER_ADDR $PMI_RANK >&2");
        assertEquals(0, result.code(), result.err());
        assertEquals("result 0\n", result.out());
        assertEquals(List.of("0/3 0/3 127.0.0.1 0", "[rank 1] 1/3 1/3 127.0.0.1 1", "[rank 2] 2/3 2/3 127.0.0.1 2"),
                result.err().lines().sorted().toList());
    }

    @Test
    void allEndWhenOneIsKilledAlsoThoseThatWillNotAndTheirChildren() throws Exception {
        Process launcher = start(3, 0, 3, "trap '' TERM; " + WAIT);
        List<ProcessHandle> workers = workers(3);
        ProcessHandle killed = workers.get(0);
        List<ProcessHandle> ended = new ArrayList<>(workers);
        workers.stream().filter(worker -> !worker.equals(killed)).flatMap(ProcessHandle::children).forEach(ended::add);
        killed.destroyForcibly();
        Result result = end("0", launcher);
        assertEquals(1, result.code());
        assertEquals(1, lines(" was killed by signal 9: the other 2 processes end").size(), result.err());
        assertEquals(5, ended.size());
        for (ProcessHandle process : ended) {
            process.onExit().get();
        }
    }

    @Test
    void theFirstFailureIsTheRuns() throws Exception {
        assertEquals(7, run(2, 0, 2, "if [ $RANK = 1 ]; then exit 7; fi; " + WAIT).code());
        assertEquals(List.of("spattn: rank 1 ended with exit code 7: the other process ends"), lines("spattn: "));
    }

    @Test
    void aRunGoesOnWithFewerProcessesAsOftenAsItMay() throws Exception {
        Result result = run(3, 2, 2, "echo try $TORCHELASTIC_RESTART_COUNT of $WORLD_SIZE >&2; if [ $RANK = 1 ]; then exit 1; fi; " + WAIT);
        assertEquals(1, result.code());
        assertEquals(List.of("spattn: restart 1 of 2: 2 processes go on from the newest checkpoint",
                "spattn: restart 2 of 2: 2 processes go on from the newest checkpoint"), lines("restart "));
        assertTrue(result.err().contains("try 0 of 3") && result.err().contains("try 2 of 2") && !result.err().contains("try 3"), result.err());
        assertEquals(0, run(2, 1, 2, "exit $((1 - TORCHELASTIC_RESTART_COUNT))").code());
    }

    @Test
    void badInputNeverGoesOnWhoeverNoticesIt() throws Exception {
        Result result = run(2, 3, 2, "if [ $RANK = 1 ]; then exit 2; fi; " + WAIT);
        assertEquals(2, result.code());
        assertFalse(result.err().contains("restart"), result.err());
        assertEquals(2, run(2, 3, 2, "if [ $RANK = 1 ]; then exit 1; fi; trap 'exit 2' TERM; " + WAIT).code());
    }

    @Test
    void aSignalIsHandedOnOnceAndWorkersTakeTheirTime() throws Exception {
        Process launcher = start(2, 1, 2, "trap 'echo saved $RANK >&2; exit 143' TERM; " + WAIT);
        workers(2);
        launcher.destroy();
        Result result = end("0", launcher);
        assertEquals(143, result.code());
        assertEquals(2, lines("saved").size(), result.err());
        assertFalse(result.err().contains("restart"), result.err());
    }

    @Test
    void aSecondSignalEndsAll() throws Exception {
        Process launcher = start(2, 0, 2, "trap 'echo asked >&2' TERM; echo ready $RANK $$ >&2; while true; do sleep 1000 & wait; done");
        List<ProcessHandle> workers = workers(2);
        launcher.destroy();
        await("asked", 2);
        launcher.destroy();
        assertEquals(143, end("0", launcher).code());
        for (ProcessHandle worker : workers) {
            worker.onExit().get();
        }
    }

    /** The worker is a Java machine that watches as the program does. */
    @Test
    void aLauncherThatIsKilledLeavesNobody() throws Exception {
        String java = String.join(" ", Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Xmx64m", "-cp",
                "'" + System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")) + "'",
                "'" + Watched.class.getName() + "'");
        Process launcher = start(2, 0, 2, "exec " + java);
        List<ProcessHandle> workers = workers(2);
        launcher.destroyForcibly();
        for (ProcessHandle worker : workers) {
            worker.onExit().get();
        }
    }

    /** Waits for ever, but for its launcher. */
    static final class Watched {

        private Watched() {}

        public static void main(String[] arguments) throws InterruptedException {
            ParentWatch.start(System.getenv(ParentWatch.VARIABLE));
            System.err.println("ready " + System.getenv("RANK") + " " + ProcessHandle.current().pid());
            Thread.sleep(Long.MAX_VALUE);
        }
    }

    @Test
    void mpichsProcessesFindEachOther() throws Exception {
        Mpiexec.assumeMpich();
        String java = String.join(" ", Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Xmx64m", "-cp",
                "'" + System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")) + "'", MpiWorker.class.getName());
        Result result = run(3, 0, 3, "exec " + java);
        assertEquals(0, result.code(), result.err());
        assertEquals(3, lines(" of 3, sum 6").size(), result.err());
    }

    @Test
    void machinesEndAndGoOnTogether() throws Exception {
        String script = "if [ $TORCHELASTIC_RESTART_COUNT = 1 ]; then echo $GROUP_RANK: $RANK/$WORLD_SIZE; exit 0; fi; if [ $RANK = 3 ]; then exit 7;"
                + " fi; " + WAIT;
        String master = master();
        Process first = start("0", 2, 2, 0, master, 1, 2, script);
        Process second = start("1", 2, 2, 1, master, 1, 2, script);
        Result result = end("0", first);
        assertEquals(0, result.code(), result.err());
        assertEquals("0: 0/4\n", result.out());
        assertEquals(List.of("spattn: rank 3 ended with exit code 7: the processes of this machine end"), lines("exit code 7"));
        assertEquals(0, end("1", second).code());
    }

    @Test
    void aLauncherThatIsGoneEndsTheOtherMachines() throws Exception {
        String master = master();
        Process first = start("0", 1, 2, 0, master, 1, 1, WAIT);
        Process second = start("1", 1, 2, 1, master, 1, 1, WAIT);
        await("ready ", 1);
        second.destroyForcibly();
        Result result = end("0", first);
        assertEquals(1, result.code(), result.err());
        assertEquals(List.of("spattn: the launcher of node 1 is gone: the processes of this machine end"), lines("spattn: "));
    }

    @Test
    void machinesThatDifferAreRefused() throws Exception {
        String master = master();
        Process first = start("0", 1, 2, 0, master, 1, 1, WAIT);
        Process second = start("1", 2, 2, 1, master, 1, 1, WAIT);
        for (Result result : List.of(end("0", first), end("1", second))) {
            assertTrue(result.err().contains("all machines have to be started alike"), result.err());
        }
    }

    @Test
    void aPortInUseIsRefused() throws Exception {
        try (ServerSocket taken = new ServerSocket(0)) {
            Result result = end("0", start("0", 1, 2, 0, "127.0.0.1:" + Math.min(taken.getLocalPort(), 65_534), 0, 1, WAIT));
            assertTrue(result.err().contains("is in use on this machine"), result.err());
        }
    }

    /** A port that is free, as is the one after it. */
    private static String master() throws IOException {
        for (int i = 0; ; i++) {
            try (ServerSocket one = new ServerSocket(0); ServerSocket next = new ServerSocket(one.getLocalPort() + 1)) {
                return "127.0.0.1:" + (next.getLocalPort() - 1);
            } catch (IOException | IllegalArgumentException e) {
                assertTrue(i < 100, "no two free ports");
            }
        }
    }
}
