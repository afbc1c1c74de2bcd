package ai.spattention.train.launch;

import java.io.BufferedReader;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;

/** One process of a run. Rank 0 has this process's output; of the others, messages come with their rank before each line. */
final class Worker {

    /** A process that has ended may have left its output to one that has not. */
    private static final Duration LAST_WORDS = Duration.ofSeconds(5);

    private final int rank;
    private final Process process;

    /** It ends a process without closing its streams, which {@link Process#destroy} does: the last words would be lost. */
    private final ProcessHandle handle;

    private final Thread messages;
    private final Set<ProcessHandle> below = new HashSet<>();

    private Worker(int rank, Process process, Thread messages) {
        this.rank = rank;
        this.process = process;
        handle = process.toHandle();
        this.messages = messages;
    }

    /**
     * Starts one.
     *
     * @param rank its rank among all
     * @param command what to start
     * @param variables what its environment has besides this process's
     * @param note gets the lines of its standard error, except rank 0's
     * @return the worker
     * @throws IOException if the command cannot be started
     */
    static Worker start(int rank, List<String> command, Map<String, String> variables, Consumer<String> note) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(command).redirectOutput(rank == 0 ? Redirect.INHERIT : Redirect.DISCARD)
                .redirectError(rank == 0 ? Redirect.INHERIT : Redirect.PIPE);
        builder.environment().keySet().removeIf(WorkerVariables::isOthers);
        builder.environment().putAll(variables);
        Process process = builder.start();
        return new Worker(rank, process, daemon("messages of rank " + rank, () -> hand(process, "[rank " + rank + "] ", note)));
    }

    private static void hand(Process process, String prefix, Consumer<String> note) {
        try (BufferedReader lines = process.errorReader(StandardCharsets.UTF_8)) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                note.accept(prefix + line);
            }
        } catch (IOException e) {
            // its end is told otherwise
        }
    }

    /** Calls back when it has ended and all its messages were handed on. */
    void onEnd(Consumer<WorkerEnd> then) {
        daemon("end of rank " + rank, () -> {
            try {
                int code = process.waitFor();
                messages.join(LAST_WORDS.toMillis());
                then.accept(new WorkerEnd(rank, code));
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
    void stop() {
        handle.destroy();
    }

    /** Asks it and all that it started to end. */
    void end() {
        look();
        handle.destroy();
        below.forEach(ProcessHandle::destroy);
    }

    /** Ends it and all that it started at once. */
    void kill() {
        look();
        handle.destroyForcibly();
        below.forEach(ProcessHandle::destroyForcibly);
    }

    /** Nobody knows whose they were once their parent is gone. */
    private void look() {
        handle.descendants().forEach(below::add);
    }
}
