package ai.spattention.train.launch;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.Writer;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** A process that this one has started, mostly a command of this program. Where its messages come here, its name stands before each line. */
public final class Worker {

    /** Where its standard output and error go; its standard input is always a pipe from here. */
    public enum Streams {
        /** Both are this process's. */
        OURS(Redirect.INHERIT, Redirect.INHERIT),
        /** Messages come here, results go nowhere. */
        MESSAGES(Redirect.DISCARD, Redirect.PIPE),
        /** Both come here. */
        ANSWERS(Redirect.PIPE, Redirect.PIPE);

        private final Redirect output;
        private final Redirect error;

        Streams(Redirect output, Redirect error) {
            this.output = output;
            this.error = error;
        }
    }

    /** A process that has ended may have left its output to one that has not. */
    private static final Duration LAST_WORDS = Duration.ofSeconds(5);

    private final String name;
    private final Process process;

    /** It ends a process without closing its streams, which {@link Process#destroy} does: the last words would be lost. */
    private final ProcessHandle handle;

    private final Thread messages;
    private final Set<ProcessHandle> below = ConcurrentHashMap.newKeySet();

    private Worker(String name, Process process, Thread messages) {
        this.name = name;
        this.process = process;
        handle = process.toHandle();
        this.messages = messages;
    }

    /**
     * Starts one.
     *
     * @param name what people call it
     * @param command what to start
     * @param variables what its environment has besides this process's, of which other launchers' variables are left out
     * @param streams where its output goes
     * @param note gets the lines of its standard error, if they come here
     * @return the worker
     * @throws IOException if the command cannot be started
     */
    public static Worker start(String name, List<String> command, Map<String, String> variables, Streams streams, Consumer<String> note)
            throws IOException {
        ProcessBuilder builder = new ProcessBuilder(command).redirectOutput(streams.output).redirectError(streams.error);
        builder.environment().keySet().removeIf(WorkerVariables::isOthers);
        builder.environment().putAll(variables);
        Process process = builder.start();
        return new Worker(name, process, daemon("messages of " + name, () -> hand(process, marked(name, ""), note)));
    }

    /**
     * A message as one of a worker's.
     *
     * @param name the worker's name
     * @param line the message
     * @return the line with the name before it
     */
    public static String marked(String name, String line) {
        return "[" + name + "] " + line;
    }

    private static void hand(Process process, String mark, Consumer<String> note) {
        try (BufferedReader lines = process.errorReader(StandardCharsets.UTF_8)) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                note.accept(mark + line);
            }
        } catch (IOException e) {
            // its end is told otherwise
        }
    }

    /**
     * What it reads.
     *
     * @return its standard input, which ends when that is closed or this process ends
     */
    public Writer input() {
        return process.outputWriter(StandardCharsets.UTF_8);
    }

    /**
     * What it writes.
     *
     * @return its standard output, with {@link Streams#ANSWERS}
     */
    public BufferedReader output() {
        return process.inputReader(StandardCharsets.UTF_8);
    }

    /**
     * Waits for its end.
     *
     * @return how it ended, after all its messages were handed on
     * @throws InterruptedException if this thread is interrupted
     */
    public WorkerEnd await() throws InterruptedException {
        int code = process.waitFor();
        messages.join(LAST_WORDS.toMillis());
        return new WorkerEnd(name, code);
    }

    /**
     * Waits for its end for a time.
     *
     * @param most how long
     * @return whether it has ended
     * @throws InterruptedException if this thread is interrupted
     */
    public boolean hasEnded(Duration most) throws InterruptedException {
        return process.waitFor(most.toNanos(), TimeUnit.NANOSECONDS);
    }

    /** Calls back when it has ended and all its messages were handed on. */
    void onEnd(Consumer<WorkerEnd> then) {
        daemon("end of " + name, () -> {
            try {
                then.accept(await());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
    }

    private static Thread daemon(String name, Runnable work) {
        Thread thread = new Thread(work, name);
        thread.setDaemon(true);
        thread.start();
        return thread;
    }

    /** Asks it to end, as the user does. */
    public void stop() {
        handle.destroy();
    }

    /** Asks it and all that it started to end. */
    void end() {
        look();
        handle.destroy();
        below.forEach(ProcessHandle::destroy);
    }

    /** Ends it and all that it started at once. */
    public void kill() {
        look();
        handle.destroyForcibly();
        below.forEach(ProcessHandle::destroyForcibly);
    }

    /** Nobody knows whose they were once their parent is gone. */
    private void look() {
        handle.descendants().forEach(below::add);
    }
}
