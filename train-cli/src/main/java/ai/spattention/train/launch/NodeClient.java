package ai.spattention.train.launch;

import ai.spattention.common.InvalidInputException;
import ai.spattention.train.launch.LaunchSettings.Address;
import ai.spattention.train.launch.NodeMessage.Kind;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/** The side of a machine that is not node 0. */
final class NodeClient implements Nodes {

    private static final Duration ONE_TRY = Duration.ofSeconds(10);

    private final int node;
    private final Consumer<Failure> elsewhere;
    private final NodePeer master;
    private CompletableFuture<Optional<Failure>> verdict = new CompletableFuture<>();

    /**
     * Waits for node 0 and, with it, for all others.
     *
     * @param settings the launch
     * @param elsewhere gets what failed on other machines
     * @param patience how long to wait for node 0
     * @throws InvalidInputException if it does not come, or refuses
     * @throws IOException if node 0 goes before it begins
     * @throws InterruptedException if this thread is interrupted
     */
    NodeClient(LaunchSettings settings, Consumer<Failure> elsewhere, Duration patience) throws IOException, InterruptedException {
        node = settings.node();
        this.elsewhere = elsewhere;
        master = new NodePeer(connect(settings.master(), System.nanoTime() + patience.toNanos()));
        master.say(new NodeMessage(Kind.HELLO, 0, node, null, settings.common()));
        NodeMessage answer = master.hear();
        if (answer.kind() != Kind.WELCOME) {
            master.close();
            throw new InvalidInputException(answer.text());
        }
        master.listen(this::heard, this::gone);
    }

    private static Socket connect(Address address, long endNanos) throws IOException, InterruptedException {
        while (true) {
            Socket socket = new Socket();
            try {
                socket.connect(new InetSocketAddress(address.host(), address.port()), (int) ONE_TRY.toMillis());
                return socket;
            } catch (ConnectException | SocketTimeoutException | UnknownHostException e) { // it may still start, and its name may still come
                socket.close();
                if (System.nanoTime() > endNanos) {
                    throw new InvalidInputException("no launcher answers at --master " + address + ": start 'spattn launch' with --node-rank 0"
                            + " there, and let this machine reach its port", e);
                }
                Thread.sleep(200);
            }
        }
    }

    private void heard(NodeMessage message) {
        if (message.kind() == Kind.END) {
            elsewhere.accept(message.failure());
        } else if (message.kind() == Kind.VERDICT) {
            decide(Optional.ofNullable(message.failure()));
        }
    }

    private synchronized void decide(Optional<Failure> failure) {
        verdict.complete(failure);
        if (failure.isEmpty() || !failure.get().isFinal()) {
            verdict = new CompletableFuture<>();
        }
    }

    private void gone() {
        Failure failure = Failure.launcherGone(0);
        elsewhere.accept(failure);
        decide(Optional.of(failure));
    }

    @Override
    public void failed(int attempt, Failure failure) {
        master.say(NodeMessage.of(Kind.FAILED, attempt, node, failure));
    }

    @Override
    public CompletableFuture<Optional<Failure>> meet(int attempt, Optional<Failure> here) {
        CompletableFuture<Optional<Failure>> current;
        synchronized (this) {
            current = verdict;
        }
        master.say(NodeMessage.of(Kind.LEFT, attempt, node, null));
        return current;
    }

    @Override
    public void close() throws IOException {
        master.close();
    }
}
