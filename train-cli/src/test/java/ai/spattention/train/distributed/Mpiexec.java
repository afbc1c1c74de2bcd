package ai.spattention.train.distributed;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;

/** Starts small Java processes by mpiexec, where there is one. */
public final class Mpiexec {

    private Mpiexec() {}

    /**
     * What came of it.
     *
     * @param exitCode mpiexec's
     * @param output what all ranks printed, in any order
     */
    public record Result(int exitCode, String output) {}

    /** Skips the test where MPICH's library is absent, which {@code spattn launch} needs on processors. */
    public static void assumeMpich() throws IOException {
        Process process = new ProcessBuilder("/bin/bash", "-c", "PATH=$PATH:/sbin ldconfig -p").start();
        try (BufferedReader lines = process.inputReader()) {
            Assumptions.assumeTrue(lines.lines().anyMatch(line -> line.contains("libmpich.so ")), "MPICH's library is not installed");
        }
    }

    /** Skips the test where mpiexec is absent. */
    public static void assumeHere() {
        try {
            Assumptions.assumeTrue(new ProcessBuilder("mpiexec", "--version").redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD).start().waitFor() == 0, "mpiexec does not run here");
        } catch (IOException e) {
            Assumptions.abort("no mpiexec here: install MPICH");
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** A command that runs a class as a rank. */
    public static List<String> java(Class<?> main, String... arguments) {
        List<String> command = new ArrayList<>(List.of(ProcessHandle.current().info().command().orElse("java"), "-Xmx256m",
                "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-XX:-UsePerfData", "-Dai.djl.offline=true", "-cp",
                System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")), main.getName()));
        command.addAll(List.of(arguments));
        return command;
    }

    /** Runs as many processes and waits for mpiexec's end. */
    public static Result run(Path folder, int processes, List<String> options, List<String> rank) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("mpiexec"));
        command.addAll(options);
        command.addAll(List.of("-n", Integer.toString(processes)));
        command.addAll(rank);
        Path log = folder.resolve("mpiexec.log");
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile());
        builder.environment().put("OMP_NUM_THREADS", "1");
        Process process = builder.start();
        try {
            if (!process.waitFor(4, TimeUnit.MINUTES)) {
                throw new AssertionError("mpiexec does not end: " + Files.readString(log));
            }
        } finally {
            process.destroyForcibly();
        }
        return new Result(process.exitValue(), Files.readString(log));
    }
}
