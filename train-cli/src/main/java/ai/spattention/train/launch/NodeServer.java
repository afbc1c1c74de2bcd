package ai.spattention.train.launch;

import ai.spattention.common.InvalidInputException;
import ai.spattention.train.launch.NodeMessage.Kind;
import java.io.IOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/** Node 0's side: it hears what failed where, tells all, and says when all have ended. */
final class NodeServer implements Nodes {

    /** A launcher says who it is at once. */
    private static final Duration HELLO = Duration.ofSeconds(10);

    private final Consumer<Failure> elsewhere;
    private final ServerSocket server;
    private final Map<Integer, NodePeer> peers = new TreeMap<>();
    private final Set<Integer> left = new HashSet<>();
    private int attempt;
    private Optional<Failure> first = Optional.empty();
    private CompletableFuture<Optional<Failure>> verdict = new CompletableFuture<>();

    /**
     * Waits for the launchers of all other machines.
     *
     * @param settings the launch
     * @param elsewhere gets what failed on other machines
     * @param patience how long to wait for them
     * @throws InvalidInputException if the port is in use, or a machine does not come
     * @throws IOException if there is no network
     */
    NodeServer(LaunchSettings settings, Consumer<Failure> elsewhere, Duration patience) throws IOException {
        this.elsewhere = elsewhere;
        server = new ServerSocket();
        try {
            bind(server, settings.master().port());
            requireFree(settings.master().port() + 1); // rank 0 will listen there
            accept(settings, System.nanoTime() + patience.toNanos());
        } catch (IOException | RuntimeException e) {
            close();
            throw e;
        }
        peers.forEach((node, peer) -> {
            peer.say(NodeMessage.of(Kind.WELCOME, 0, 0, null));
            peer.listen(message -> heard(message, node), () -> failed(attemptNow(), Failure.launcherGone(node)));
        });
    }

    private static void requireFree(int port) throws IOException {
        try (ServerSocket socket = new ServerSocket()) {
            bind(socket, port);
        }
    }

    private static void bind(ServerSocket socket, int port) throws IOException {
        try {
            socket.bind(new InetSocketAddress(port));
        } catch (BindException e) {
            throw new InvalidInputException("port " + port + " is in use on this machine (--master uses its port and the one after it): choose another"
                    + " port, or end what listens there", e);
        }
    }

    private void accept(LaunchSettings settings, long endNanos) throws IOException {
        while (peers.size() < settings.nodes() - 1) {
            server.setSoTimeout((int) Math.max(1, (endNanos - System.nanoTime()) / 1_000_000));
            Socket socket;
            try {
                socket = server.accept();
            } catch (SocketTimeoutException e) {
                throw new InvalidInputException("only " + (peers.size() + 1) + " of " + settings.nodes() + " machines came in time to "
                        + settings.master() + ": start 'spattn launch' on all of them, and let them reach this port", e);
            }
            try {
                socket.setSoTimeout((int) HELLO.toMillis());
                greet(new NodePeer(socket), settings);
                socket.setSoTimeout(0);
            } catch (IOException e) {
                socket.close(); // whoever it was, it is no launcher
            }
        }
    }

    private void greet(NodePeer peer, LaunchSettings settings) throws IOException {
        NodeMessage hello = peer.hear();
        String mine = settings.common();
        boolean isTaken = hello.node() < 1 || hello.node() >= settings.nodes() || peers.containsKey(hello.node());
        if (mine.equals(hello.text()) && !isTaken) {
            peers.put(hello.node(), peer);
            return;
        }
        String refusal = isTaken ? "there is a node " + hello.node() + " already: give each machine its own --node-rank"
                : "all machines have to be started alike: node 0 with " + mine + ", node " + hello.node() + " with " + hello.text();
        NodeMessage refused = new NodeMessage(Kind.REFUSED, 0, 0, null, refusal);
        peer.say(refused);
        peers.values().forEach(other -> other.say(refused));
        peer.close();
        throw new InvalidInputException(refusal);
    }

    private synchronized int attemptNow() {
        return attempt;
    }

    private void heard(NodeMessage message, int node) {
        if (message.kind() == Kind.FAILED) {
            failed(message.attempt(), message.failure());
        } else if (message.kind() == Kind.LEFT) {
            left(message.attempt(), node);
        }
    }

    @Override
    public void failed(int failedAttempt, Failure failure) {
        synchronized (this) {
            if (failedAttempt != attempt || first.isPresent() && (first.get().isFinal() || !failure.isFinal())) {
                return;
            }
            first = Optional.of(failure);
            peers.values().forEach(peer -> peer.say(NodeMessage.of(Kind.END, attempt, 0, failure)));
            if (failure.isFinal()) {
                decide(); // whoever is gone will not leave
            }
        }
        elsewhere.accept(failure);
    }

    private synchronized void left(int leftAttempt, int node) {
        if (leftAttempt == attempt) {
            left.add(node);
            if (left.size() == peers.size() + 1) {
                decide();
            }
        }
    }

    private void decide() {
        peers.values().forEach(peer -> peer.say(NodeMessage.of(Kind.VERDICT, attempt, 0, first.orElse(null))));
        verdict.complete(first);
        if (first.isEmpty() || !first.get().isFinal()) {
            attempt++;
            left.clear();
            first = Optional.empty();
            verdict = new CompletableFuture<>();
        }
    }

    @Override
    public CompletableFuture<Optional<Failure>> meet(int leftAttempt, Optional<Failure> here) {
        CompletableFuture<Optional<Failure>> current;
        synchronized (this) {
            current = verdict;
        }
        left(leftAttempt, 0);
        return current;
    }

    @Override
    public void close() throws IOException {
        server.close();
        for (NodePeer peer : peers.values()) {
            peer.close();
        }
    }
}
