package ai.spattention.train.study.run;

import ai.spattention.train.launch.Worker;
import ai.spattention.train.launch.WorkerEnd;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.Writer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/** A process that does {@link OrderedRuns}, from its start to its end. */
final class WorkerProcess {

    private static final Duration POLL = Duration.ofMillis(100);
    private static final Duration GRACE = Duration.ofSeconds(30);

    /** Somebody whom it has started may still hold its output. */
    private static final Duration LAST_WORDS = Duration.ofSeconds(5);

    private final Worker worker;

    /** An answer each; empty when it writes no more. */
    private final BlockingQueue<Optional<RunAnswer>> answers = new LinkedBlockingQueue<>();

    private WorkerProcess(Worker worker) {
        this.worker = worker;
    }

    static WorkerProcess start(String name, List<String> command, Map<String, String> variables, Consumer<String> notes) throws IOException {
        WorkerProcess process = new WorkerProcess(Worker.start(name, command, variables, Worker.Streams.ANSWERS, notes));
        Thread listener = new Thread(() -> process.listen(line -> notes.accept(Worker.marked(name, line))), "answers of " + name);
        listener.setDaemon(true);
        listener.start();
        return process;
    }

    private void listen(Consumer<String> others) {
        try (BufferedReader lines = worker.output()) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                Optional<RunAnswer> answer = RunAnswer.read(line);
                if (answer.isPresent()) {
                    answers.add(answer);
                } else {
                    others.accept(line);
                }
            }
        } catch (IOException e) {
            // as at its end
        }
        answers.add(Optional.empty());
    }

    /**
     * Orders a run and waits for the answer.
     *
     * @param order the run
     * @param stop asked now and then whether to ask the process to end
     * @return the answer; empty if the process died
     * @throws InterruptedException if this thread is interrupted
     */
    Optional<RunAnswer> ask(RunOrder order, BooleanSupplier stop) throws InterruptedException {
        try {
            Writer input = worker.input();
            input.write(order.line() + "\n");
            input.flush();
        } catch (IOException e) {
            // it has just died, as no answer will say
        }
        boolean asked = false;
        Optional<RunAnswer> answer = answer(POLL);
        while (answer == null) {
            if (!asked && stop.getAsBoolean()) {
                worker.stop();
                asked = true;
            }
            answer = hasEnded() ? Objects.requireNonNullElse(answer(LAST_WORDS), Optional.empty()) : answer(POLL);
        }
        return answer;
    }

    /** The next answer; null if there is none in time. */
    private Optional<RunAnswer> answer(Duration most) throws InterruptedException {
        return answers.poll(most.toMillis(), TimeUnit.MILLISECONDS);
    }

    boolean hasEnded() throws InterruptedException {
        return worker.hasEnded(Duration.ZERO);
    }

    WorkerEnd end() throws InterruptedException {
        return worker.await();
    }

    void kill() {
        worker.kill();
    }

    /** Without a run to do it ends when its standard input does. */
    void close() {
        try {
            worker.input().close();
            if (!worker.hasEnded(GRACE)) {
                worker.kill();
            }
            worker.await(); // its last words
        } catch (IOException e) {
            worker.kill();
        } catch (InterruptedException e) {
            worker.kill();
            Thread.currentThread().interrupt();
        }
    }
}
