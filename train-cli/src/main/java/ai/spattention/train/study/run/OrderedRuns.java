package ai.spattention.train.study.run;

import ai.spattention.train.launch.ParentWatch;
import ai.spattention.train.loop.StopSignal;
import ai.spattention.train.study.run.RunAnswer.Kind;
import java.io.BufferedReader;
import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/**
 * The side of a worker: does the runs that {@link WorkerExecutor} orders, line by line, until no more can come. When orders end in the middle
 * of a run, the study is gone: the run is left with a checkpoint, and this process ends. So it is left on SIGTERM and SIGINT.
 */
public final class OrderedRuns {

    private final RunExecutor executor;
    private final Consumer<String> answers;
    private final BlockingQueue<Optional<String>> lines = new LinkedBlockingQueue<>();
    private final AtomicInteger unanswered = new AtomicInteger();

    private OrderedRuns(RunExecutor executor, Consumer<String> answers) {
        this.executor = executor;
        this.answers = answers;
    }

    /**
     * Does runs until the orders end.
     *
     * @param executor does them
     * @param orders what comes from the study
     * @param answers gets a line for each order
     * @throws IOException if an order cannot be read
     * @throws InterruptedException if this thread is interrupted
     */
    public static void work(RunExecutor executor, BufferedReader orders, Consumer<String> answers) throws IOException, InterruptedException {
        OrderedRuns runs = new OrderedRuns(executor, answers);
        Thread reader = new Thread(() -> runs.read(orders), "orders");
        reader.setDaemon(true);
        reader.start();
        runs.work();
    }

    private void read(BufferedReader orders) {
        try {
            for (String line = orders.readLine(); line != null; line = orders.readLine()) {
                unanswered.incrementAndGet();
                lines.add(Optional.of(line));
            }
        } catch (IOException e) {
            // whoever writes is gone
        }
        if (unanswered.get() > 0) {
            ParentWatch.leave();
        }
        lines.add(Optional.empty());
    }

    private void work() throws IOException, InterruptedException {
        for (Optional<String> line = lines.take(); line.isPresent(); line = lines.take()) {
            RunOrder order = RunOrder.read(line.get());
            try (StopSignal stop = StopSignal.watch()) {
                RunAnswer answer = answer(order, stop);
                unanswered.decrementAndGet(); // first, for with the answer the study may close the orders
                answers.accept(answer.line());
            }
        }
    }

    private RunAnswer answer(RunOrder order, StopSignal stop) {
        try {
            return new RunAnswer(executor.run(order.run(), order.path(), stop).isPresent() ? Kind.DONE : Kind.STOPPED, "");
        } catch (IOException | RuntimeException e) {
            return RunAnswer.of(e);
        }
    }
}
