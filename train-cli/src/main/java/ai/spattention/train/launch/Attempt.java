package ai.spattention.train.launch;

import ai.spattention.train.launch.Worker.Streams;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * The workers of this machine from their start to the end of the last one. What happens comes as work in a queue, so that one thread alone
 * decides.
 */
final class Attempt {

    private final BlockingQueue<Runnable> events;
    private final Consumer<String> note;
    private final Consumer<WorkerEnd> failed;
    private final Duration grace;
    private final List<Worker> workers = new ArrayList<>();
    private int alive;
    private int stops;
    private WorkerEnd failure;
    private boolean isEnding;
    private boolean isKilled;
    private long killNanos;

    /**
     * Begins with no worker.
     *
     * @param events gets what happens to them
     * @param note gets lines for a person
     * @param failed gets the first worker that failed, at once
     * @param grace how long a worker has to end when another one failed
     */
    Attempt(BlockingQueue<Runnable> events, Consumer<String> note, Consumer<WorkerEnd> failed, Duration grace) {
        this.events = events;
        this.note = note;
        this.failed = failed;
        this.grace = grace;
    }

    /**
     * Starts a worker for each process of this machine.
     *
     * @param command what to start
     * @param variables who they are
     * @param pmi tells them of each other; empty where MPI is not ours to start
     * @throws IOException if one cannot be started; those that were are ended
     */
    void start(List<String> command, WorkerVariables variables, Optional<PmiServer> pmi) throws IOException {
        int processes = variables.settings().processes(variables.attempt());
        try {
            for (int local = 0; local < processes; local++) {
                var environment = variables.of(local);
                int rank = variables.rank(local);
                pmi.ifPresent(server -> environment.putAll(server.variables(rank)));
                Worker worker = Worker.start("rank " + rank, command, environment, rank == 0 ? Streams.OURS : Streams.MESSAGES, note);
                workers.add(worker);
                alive++;
                worker.onEnd(end -> events.add(() -> ended(end)));
            }
        } catch (IOException e) {
            workers.forEach(Worker::kill);
            throw e;
        }
    }

    /**
     * Waits until all have ended.
     *
     * @return the first that failed; one that ended for bad input goes before others
     * @throws InterruptedException if this thread is interrupted; all are ended then
     */
    Optional<WorkerEnd> await() throws InterruptedException {
        try {
            while (alive > 0) {
                Runnable event = isEnding && !isKilled ? events.poll(killNanos - System.nanoTime(), TimeUnit.NANOSECONDS) : events.take();
                if (event != null) {
                    event.run();
                } else {
                    workers.forEach(Worker::kill);
                    isKilled = true;
                }
            }
        } finally {
            workers.forEach(Worker::kill); // what they left behind
        }
        return Optional.ofNullable(failure);
    }

    private void ended(WorkerEnd end) {
        alive--;
        if (!end.isFailure() || isStopped(end)) {
            return;
        }
        if (end.isBadInput() && (failure == null || !failure.isBadInput())) {
            failure = end;
        }
        if (!isEnding) {
            failure = end;
            note.accept("spattn: " + end + (alive == 0 ? "" : alive == 1 ? ": the other process ends" : ": the other " + alive + " processes end"));
            failed.accept(end);
            end();
        }
    }

    private boolean isStopped(WorkerEnd end) {
        return stops > 1 || stops == 1 && end.isStop();
    }

    /** Hands on the user's wish to end; a second one is an order. */
    void stop() {
        stops++;
        if (stops == 1) {
            workers.forEach(Worker::stop);
        } else {
            workers.forEach(Worker::kill);
        }
    }

    /** Ends them, for something failed on another machine. */
    void end(Failure elsewhere) {
        if (!isEnding && alive > 0) {
            note.accept("spattn: " + elsewhere.text() + ": the processes of this machine end");
        }
        end();
    }

    private void end() {
        if (!isEnding) {
            isEnding = true;
            killNanos = System.nanoTime() + grace.toNanos();
            workers.forEach(Worker::end);
        }
    }
}
