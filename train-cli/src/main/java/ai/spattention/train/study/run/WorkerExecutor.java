package ai.spattention.train.study.run;

import ai.spattention.common.InvalidInputException;
import ai.spattention.train.launch.Worker;
import ai.spattention.train.loop.TrainingFailedException;
import ai.spattention.train.study.config.PlannedRun;
import ai.spattention.train.study.result.ResultFiles;
import ai.spattention.train.study.result.RunResult;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/**
 * Has a process of its own do the runs of a device; it stays warm from one to the next. When the process dies, so does its run alone: the next
 * one gets another process. When that dies, too, the device is given up.
 */
public final class WorkerExecutor implements RunExecutor, AutoCloseable {

    private static final int MOST_DEATHS = 2;

    private final String name;
    private final List<String> command;
    private final Map<String, String> variables;
    private final Consumer<String> notes;
    private volatile WorkerProcess process;
    private int deaths;

    /**
     * Creates an executor; its process starts with the first run.
     *
     * @param name what its device is called, which marks the process's messages
     * @param command starts a process that does {@link OrderedRuns}, from its standard input to its standard output
     * @param variables what its environment has besides this process's
     * @param notes is told of what happens, one line each, by any thread
     */
    public WorkerExecutor(String name, List<String> command, Map<String, String> variables, Consumer<String> notes) {
        this.name = name;
        this.command = List.copyOf(command);
        this.variables = Map.copyOf(variables);
        this.notes = notes;
    }

    @Override
    public Optional<RunResult> run(PlannedRun run, Path folder, BooleanSupplier stop) throws IOException {
        try {
            if (process == null || process.hasEnded()) {
                process = WorkerProcess.start(name, command, variables, notes);
            }
            notes.accept(Worker.marked(name, run.name()));
            Optional<RunAnswer> answer = process.ask(RunOrder.of(run, folder), stop);
            if (answer.isEmpty()) {
                return died(stop);
            }
            deaths = 0;
            if (answer.get().kind() == RunAnswer.Kind.STOPPED && !stop.getAsBoolean()) {
                notes.accept("warning: somebody else asked the process of " + name + " to end: " + name + " gets no further run");
            }
            return result(answer.get(), folder);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while " + name + " was at " + run.name());
        }
    }

    private static Optional<RunResult> result(RunAnswer answer, Path folder) throws IOException {
        return switch (answer.kind()) {
            case DONE -> Optional.of(ResultFiles.readRun(folder.resolve(RunResult.FILE_NAME)));
            case STOPPED -> Optional.empty();
            case FAILED -> throw new TrainingFailedException(answer.text(), null);
            case REFUSED -> throw new InvalidInputException(answer.text());
            case BROKEN -> throw new IOException(answer.text());
        };
    }

    private Optional<RunResult> died(BooleanSupplier stop) throws InterruptedException {
        if (stop.getAsBoolean()) {
            return Optional.empty(); // it was asked to end, or killed by somebody who has no patience
        }
        deaths++;
        String end = "the process of " + process.end();
        if (deaths < MOST_DEATHS) {
            throw new TrainingFailedException(end, null);
        }
        throw new WorkerLostException(end + ", as the one before it: " + name + " gets no further run");
    }

    /** Ends the process at once, whatever it does. */
    public void kill() {
        WorkerProcess current = process;
        if (current != null) {
            current.kill();
        }
    }

    /** Ends the process, which has nothing to do any more. */
    @Override
    public void close() {
        if (process != null) {
            process.close();
        }
    }
}
