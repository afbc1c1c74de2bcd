package ai.spattention.train.launch;

import ai.spattention.common.InvalidInputException;
import ai.spattention.train.launch.LaunchSettings.Address;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** Starts the workers of this machine, ends all when one fails, and begins again as often as it may. */
public final class Supervisor {

    private static final int SIGNALLED = 128;

    /** Machines of a cluster do not start at the same time. */
    private static final Duration PATIENCE = Duration.ofMinutes(10);

    private final LaunchSettings settings;
    private final List<String> begin;
    private final Supplier<List<String>> resume;
    private final Consumer<String> note;
    private final Duration grace;
    private final BlockingQueue<Runnable> events = new LinkedBlockingQueue<>();
    private Attempt current;
    private int stopSignal;

    /**
     * Creates a supervisor.
     *
     * @param settings which processes there are
     * @param begin the command of each at first
     * @param resume gives the command of each after a failure
     * @param note gets lines for a person
     * @param grace how long the others have to end when one failed, before they are killed
     */
    public Supervisor(LaunchSettings settings, List<String> begin, Supplier<List<String>> resume, Consumer<String> note, Duration grace) {
        this.settings = settings;
        this.begin = List.copyOf(begin);
        this.resume = resume;
        this.note = note;
        this.grace = grace;
    }

    /**
     * Runs to the end: of the run, of the restarts that are allowed, or of the user's patience. SIGINT, SIGTERM and SIGHUP are handed on; a
     * second one kills.
     *
     * @return the exit code: 0; that of the first worker that failed, or 1 if a signal killed it; 128 and a signal's number if that came
     * @throws IOException if a worker cannot be started
     * @throws InterruptedException if this thread is interrupted; the workers are ended then
     * @throws InvalidInputException if the master's port is in use
     */
    public int run() throws IOException, InterruptedException {
        StopRequests requests = StopRequests.watch(signal -> events.add(() -> stop(signal)));
        try (Nodes nodes = nodes()) {
            for (int attempt = 0; ; attempt++) {
                Optional<Failure> failure = attempt(nodes, attempt);
                if (failure.isEmpty()) {
                    return stopSignal == 0 ? 0 : SIGNALLED + stopSignal;
                }
                if (stopSignal != 0 || failure.get().isFinal() || attempt == settings.maxRestarts()) {
                    return failure.get().code();
                }
                int processes = settings.processes(attempt + 1);
                note.accept("spattn: restart " + (attempt + 1) + " of " + settings.maxRestarts() + ": " + (processes == 1 ? "one process goes"
                        : processes + " processes go") + " on from the newest checkpoint");
            }
        } finally {
            requests.close();
        }
    }

    private Nodes nodes() throws IOException, InterruptedException {
        if (settings.nodes() == 1) {
            return Nodes.ALONE;
        }
        Consumer<Failure> elsewhere = failure -> events.add(() -> current.end(failure));
        return settings.node() == 0 ? new NodeServer(settings, elsewhere, PATIENCE) : new NodeClient(settings, elsewhere, PATIENCE);
    }

    /** The first failure of all machines. */
    private Optional<Failure> attempt(Nodes nodes, int attempt) throws IOException, InterruptedException {
        current = new Attempt(events, note, end -> nodes.failed(attempt, Failure.of(end)), grace);
        Optional<Failure> here;
        boolean alone = settings.nodes() == 1; // what starts MPI on several machines is mpiexec, srun or the like
        try (PmiServer pmi = alone ? new PmiServer(settings.processes(attempt)) : null) {
            current.start(attempt == 0 ? begin : resume.get(), variables(attempt), Optional.ofNullable(pmi));
            here = current.await().map(Failure::of);
        }
        here.ifPresent(failure -> nodes.failed(attempt, failure)); // bad input may have been noticed after another failure
        CompletableFuture<Optional<Failure>> everywhere = nodes.meet(attempt, here);
        CompletableFuture<Void> woken = everywhere.thenRun(() -> events.add(() -> { })); // an event to wake up for
        while (!everywhere.isDone()) {
            events.take().run();
        }
        woken.join();
        return everywhere.join();
    }

    private WorkerVariables variables(int attempt) throws IOException {
        Address master = settings.master();
        if (master == null) {
            return new WorkerVariables(settings, attempt, InetAddress.getLoopbackAddress().getHostAddress(), freePort());
        }
        return new WorkerVariables(settings, attempt, master.host(), master.port() + 1); // the port itself is the launchers' own
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    private void stop(int signal) {
        if (stopSignal == 0) {
            stopSignal = signal;
        }
        current.stop();
    }
}
