package ai.spattention.train.study.run;

import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.io.Failures;
import ai.spattention.train.study.config.PlannedRun;
import ai.spattention.train.study.config.StudyPlan;
import ai.spattention.train.study.result.RunResult;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/**
 * A study's runs, done one after the other on each device. A run that fails is told of, and the others go on. Of several executors each has a
 * thread here, and has to compute in a process of its own: DJL's engine follows gradients for one thread of a process at a time.
 */
public final class Study {

    private final StudyPlan plan;
    private final StudyFolder folder;
    private final String dataDigest;
    private final Consumer<String> notes;

    /**
     * Sets a study up.
     *
     * @param plan its runs
     * @param folder where they are kept
     * @param dataDigest of what they learn from and are measured on
     * @param notes is told of what happens, one line each, by any of the threads
     */
    public Study(StudyPlan plan, StudyFolder folder, String dataDigest, Consumer<String> notes) {
        this.plan = plan;
        this.folder = folder;
        this.dataDigest = dataDigest;
        this.notes = notes;
    }

    /**
     * What has been measured.
     *
     * @return the results of the finished runs, in the plan's order
     * @throws InvalidInputException if a run in the folder is of another configuration or other data
     * @throws IOException if reading fails
     */
    public Map<PlannedRun, RunResult> finished() throws IOException {
        Map<PlannedRun, RunResult> results = new LinkedHashMap<>();
        for (PlannedRun run : plan.runs()) {
            folder.result(run, dataDigest).ifPresent(result -> results.put(run, result));
        }
        return results;
    }

    /**
     * How long to go on.
     *
     * @param part the only part to do; empty for all
     * @param time after it no further run begins; empty for no end
     * @param stop asked now and then whether to leave everything as it is, so that another process goes on
     */
    public record Until(Optional<String> part, Optional<Duration> time, BooleanSupplier stop) {}

    /**
     * What came of it.
     *
     * @param done runs finished now
     * @param left runs still to do
     * @param failures what failed, a line each
     */
    public record Outcome(int done, int left, List<String> failures) {

        /** Copies the list. */
        public Outcome {
            failures = List.copyOf(failures);
        }
    }

    /**
     * Does the runs that are still to do.
     *
     * @param executors do them, one for each device
     * @param until how long to go on
     * @param afterEach what follows each finished run, one at a time
     * @return what came of it
     * @throws IOException if the study's folder cannot be read or written
     */
    public Outcome run(List<? extends RunExecutor> executors, Until until, Runnable afterEach) throws IOException {
        Map<PlannedRun, RunResult> finished = finished();
        List<PlannedRun> wanted = plan.runs().stream().filter(run -> until.part.map(run.part()::equals).orElse(true)).toList();
        Queue queue = new Queue(wanted.stream().filter(run -> !finished.containsKey(run)).toList(), wanted.size(), until, afterEach);
        if (executors.size() == 1) {
            queue.work(executors.get(0));
        } else {
            inParallel(executors, queue);
        }
        return new Outcome(queue.done, queue.left.size(), queue.failures);
    }

    private static void inParallel(List<? extends RunExecutor> executors, Queue queue) throws IOException {
        ExecutorService threads = Executors.newFixedThreadPool(executors.size());
        try {
            List<Callable<Void>> workers = executors.stream().<Callable<Void>>map(executor -> () -> {
                queue.work(executor);
                return null;
            }).toList();
            for (Future<Void> worker : threads.invokeAll(workers)) { // all have ended before the first is asked how
                worker.get();
            }
        } catch (ExecutionException e) {
            throw Failures.asThrown(e.getCause());
        } catch (InterruptedException e) {
            queue.end();
            Thread.currentThread().interrupt();
            throw new IllegalStateException("the study was interrupted", e);
        } finally {
            threads.shutdown();
        }
    }

    /** The runs that are still to do, shared by the devices. */
    private final class Queue {

        private final Deque<PlannedRun> left;
        private final int total;
        private final Until until;
        private final Runnable afterEach;
        private final long end;
        private final List<String> failures = new ArrayList<>();
        private int done;
        private volatile boolean ended;

        Queue(List<PlannedRun> left, int total, Until until, Runnable afterEach) {
            this.left = new ArrayDeque<>(left);
            this.total = total;
            this.until = until;
            this.afterEach = afterEach;
            end = System.nanoTime() + until.time.orElse(Duration.ZERO).toNanos();
        }

        void end() {
            ended = true;
        }

        private boolean isStopped() {
            return ended || until.stop.getAsBoolean();
        }

        private synchronized PlannedRun next() {
            boolean over = until.time.isPresent() && System.nanoTime() - end >= 0;
            return isStopped() || over ? null : left.poll();
        }

        /** What ends one device's work ends the others' too: they leave their runs as they are. */
        void work(RunExecutor executor) throws IOException {
            try {
                doRuns(executor);
            } catch (IOException | RuntimeException | Error e) {
                end();
                throw e;
            }
        }

        private void doRuns(RunExecutor executor) throws IOException {
            for (PlannedRun run = next(); run != null; run = next()) {
                Optional<RunResult> result;
                try {
                    result = executor.run(run, folder.begin(run), this::isStopped);
                } catch (InvalidInputException | IOException e) {
                    giveBack(run);
                    throw e; // the folder or the data: it would be so for every run
                } catch (WorkerLostException e) {
                    fail(run, e);
                    return;
                } catch (RuntimeException e) {
                    fail(run, e);
                    continue;
                }
                if (result.isEmpty()) {
                    giveBack(run);
                    return;
                }
                finish(run, result.get());
            }
        }

        private synchronized void giveBack(PlannedRun run) {
            left.addFirst(run);
        }

        private synchronized void fail(PlannedRun run, RuntimeException e) {
            String line = run.name() + " failed: " + e.getMessage();
            failures.add(line);
            notes.accept("warning: " + line);
        }

        private synchronized void finish(PlannedRun run, RunResult result) {
            done++;
            notes.accept(String.format(Locale.ROOT, "%s: %s (%d of %d runs to do)", run.name(), result.heldOut().entrySet().stream()
                    .map(set -> String.format(Locale.ROOT, "%s %.4f nats a token", set.getKey(), set.getValue().natsPerToken()))
                    .reduce((a, b) -> a + ", " + b).orElse(""), left.size(), total));
            afterEach.run();
        }
    }
}
