package ai.spattention.spark;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/**
 * A process that belongs to a task: what it says goes to standard error line by line, and it ends when the task does. A child that is a
 * {@code spattn} ends with this process, too, however that ends.
 */
final class ChildProcess implements AutoCloseable {

    /** Makes a {@code spattn} end with its standard input, which nobody writes to: a system closes the pipes of whoever is gone. */
    static final Map.Entry<String, String> ENDS_WITH_ITS_INPUT = Map.entry("SPATTN_PARENT_WATCH", "stdin-halt");

    private static final long POLL_MILLIS = 100;
    private static final long GRACE_SECONDS = 20;

    /**
     * How a child ended.
     *
     * @param exitCode its exit code, 128 and the signal if it was killed
     * @param lastLine the last line that it said; empty if it said nothing
     */
    record Ending(int exitCode, String lastLine) {}

    /** A child was ended because its task was. */
    static final class StoppedException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        StoppedException(String name) {
            super(name + " was ended with its task");
        }
    }

    private final String name;
    private final Process process;
    private final Thread reader;
    private volatile String lastLine = "";

    private ChildProcess(String name, Process process) {
        this.name = name;
        this.process = process;
        reader = new Thread(this::copyLines, name + "-log");
        reader.setDaemon(true);
        reader.start();
    }

    /**
     * Starts a child.
     *
     * @param name begins each of its lines on standard error
     * @param command the program and its arguments
     * @param environment variables besides those of this process
     * @return the child, to be closed by the caller
     * @throws IOException if it cannot be started
     */
    static ChildProcess start(String name, List<String> command, Map<String, String> environment) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().putAll(environment);
        builder.environment().put(ENDS_WITH_ITS_INPUT.getKey(), ENDS_WITH_ITS_INPUT.getValue());
        return new ChildProcess(name, builder.start());
    }

    private void copyLines() {
        try (BufferedReader lines = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                System.err.println("[" + name + "] " + line);
                lastLine = line.isBlank() ? lastLine : line.strip();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e); // to the log of the thread; the exit code tells the rest
        }
    }

    /**
     * Waits for its end, and ends it if the task is to end.
     *
     * @param stopped says whether the task is to end: {@code TaskContext::isInterrupted}
     * @return how it ended
     * @throws StoppedException if the task is to end; the child has ended
     */
    Ending await(BooleanSupplier stopped) {
        try {
            while (!process.waitFor(POLL_MILLIS, TimeUnit.MILLISECONDS)) {
                if (stopped.getAsBoolean()) {
                    throw new StoppedException(name);
                }
            }
            reader.join(TimeUnit.SECONDS.toMillis(GRACE_SECONDS)); // a grandchild may keep the stream
            return new Ending(process.exitValue(), lastLine);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new StoppedException(name);
        } finally {
            close();
        }
    }

    /** Ends the child and those that it started; gives it time to end by itself first. */
    @Override
    public void close() {
        List<ProcessHandle> below = process.descendants().toList();
        if (process.isAlive()) {
            process.toHandle().destroy(); // Process.destroy would end its input, too, and so end it at once
            boolean interrupted = Thread.interrupted(); // the child has to be waited for all the same
            try {
                if (!process.waitFor(GRACE_SECONDS, TimeUnit.SECONDS)) {
                    process.destroyForcibly();
                }
            } catch (InterruptedException e) {
                interrupted = true;
                process.destroyForcibly();
            } finally {
                if (interrupted) {
                    Thread.currentThread().interrupt();
                }
            }
        }
        below.forEach(ProcessHandle::destroyForcibly);
    }
}
