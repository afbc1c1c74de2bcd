package ai.spattention.train;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;

/** Starts a program again and again and kills it (SIGKILL) at moments that nobody chose, until it was killed often enough. */
public final class KillChain {

    /** How often; {@code -Dkills=N} for fewer. */
    private static final int KILLS = Integer.getInteger("kills", 100);

    private final Path log;
    private final Random random;
    private int kills;

    /**
     * Creates a chain.
     *
     * @param name what is killed, for people
     * @param log gets what a child says
     */
    public KillChain(String name, Path log) {
        this.log = log;
        long seed = Long.getLong("kill.seed", System.nanoTime());
        random = new Random(seed);
        System.out.println(name + ": " + KILLS + " kills, -Dkill.seed=" + seed);
    }

    /** Goes on with a folder, or begins in it. */
    @FunctionalInterface
    public interface Job {

        /** The main class and its arguments. */
        List<String> command(Path folder);
    }

    /** Sees that a folder is as if nobody had killed anything. */
    @FunctionalInterface
    public interface Check {

        void accept(Path folder) throws IOException;
    }

    /**
     * Kills. A job that comes to its end is checked, and another one begun.
     *
     * @param folder where jobs get folders of their own
     * @param job the job
     * @param check of a job that has come to its end
     */
    public void run(Path folder, Job job, Check check) throws Exception {
        long start = System.nanoTime();
        finish(job.command(folder.resolve("timed")));
        long millis = (System.nanoTime() - start) / 1_000_000;
        int jobs = 0;
        for (; kills < KILLS; jobs++) {
            Path own = folder.resolve("job" + jobs);
            boolean ended = false;
            while (kills < KILLS && !ended) {
                ended = !isKilled(job.command(own), millis / 6 + (long) (0.7 * random.nextDouble() * millis));
                kills += ended ? 0 : 1;
            }
            if (!ended) {
                finish(job.command(own));
            }
            check.accept(own);
        }
        System.out.println(kills + " kills, " + jobs + " jobs, each whole in the end; one alone takes " + millis + " ms");
    }

    private void finish(List<String> command) throws Exception {
        assertEquals(0, start(command).waitFor(), this::log);
    }

    private boolean isKilled(List<String> command, long millis) throws Exception {
        Process process = start(command);
        if (process.waitFor(millis, TimeUnit.MILLISECONDS)) {
            assertEquals(0, process.exitValue(), this::log);
            return false;
        }
        process.destroyForcibly();
        int code = process.waitFor();
        assertEquals(code == 0 ? 0 : 137, code, this::log); // it may have come to its end in between
        return code != 0;
    }

    private Process start(List<String> arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(ProcessHandle.current().info().command().orElse("java"), "-Xmx512m",
                "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp",
                System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"))));
        command.addAll(arguments);
        return new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).start();
    }

    private String log() {
        try {
            return Files.readString(log);
        } catch (IOException e) {
            return e.toString();
        }
    }
}
