package ai.spattention.train.distributed;

import ai.spattention.common.InvalidInputException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Rank 0's side of a {@link Rendezvous}. Each connection has a thread of its own, so that none that is silent keeps others waiting. */
final class RendezvousServer implements AutoCloseable {

    private static final int PASSPORT_MILLIS = 10_000;

    /** Once it is clear that there is no run, others are waited for only to be told so. */
    private static final Duration TO_TELL = Duration.ofSeconds(30);

    private final WorkerIdentity identity;
    private final Passport own;
    private final Duration timeout;
    private final ServerSocket listening;

    // guarded by this
    private final TreeMap<Integer, Guest> guests = new TreeMap<>();
    private final Set<Socket> open = new HashSet<>();
    private String refusal;
    private long refusedAt;
    private Verdict verdict;
    private boolean isClosed;

    /** Somebody with a passport, who waits for the verdict. */
    private record Guest(Passport passport, Socket socket) {}

    RendezvousServer(WorkerIdentity identity, Passport own, Duration timeout) {
        this.identity = identity;
        this.own = own;
        this.timeout = timeout;
        listening = listen(identity);
        daemon("rendezvous", this::accept);
    }

    private static ServerSocket listen(WorkerIdentity identity) {
        IOException failure = null;
        for (int i = 0; i < Rendezvous.PORTS && identity.masterPort() + i <= 65535; i++) {
            try {
                ServerSocket socket = new ServerSocket();
                try {
                    socket.setReuseAddress(true); // a run that begins anew need not wait until the last one's connections are forgotten
                    socket.bind(new InetSocketAddress(interfaceFor(identity), identity.masterPort() + i), identity.size() + 16);
                    return socket;
                } catch (IOException e) {
                    socket.close();
                    throw e;
                }
            } catch (IOException e) {
                failure = e;
            }
        }
        String reason = failure == null ? "" : " (" + failure.getMessage() + ")";
        throw new InvalidInputException("rank 0 cannot serve at port " + identity.masterPort() + ", nor at the next one" + reason
                + ": set MASTER_PORT to a free port, the same on all hosts");
    }

    /** All interfaces, for MASTER_ADDR may be an address that only others see; this host alone if it is the loopback's. */
    private static InetAddress interfaceFor(WorkerIdentity identity) throws IOException {
        try {
            InetAddress address = InetAddress.getByName(identity.masterAddress());
            return address.isLoopbackAddress() ? address : null;
        } catch (UnknownHostException e) {
            return null; // the others may know it
        }
    }

    /** The port that is served. */
    int port() {
        return listening.getLocalPort();
    }

    /** Waits for everyone, and answers everyone who came. */
    Verdict meet(Supplier<byte[]> payload) {
        Verdict answer;
        if (awaitAll()) {
            answer = decide(payload);
        } else {
            synchronized (this) {
                answer = refusal == null ? Verdict.failed(missing()) : Verdict.refused(refusal);
            }
        }
        List<Guest> waiting;
        synchronized (this) {
            verdict = answer;
            waiting = List.copyOf(guests.values());
        }
        waiting.forEach(guest -> answer(guest.socket(), answer));
        return answer;
    }

    private Verdict decide(Supplier<byte[]> payload) {
        synchronized (this) {
            if (refusal != null) {
                return Verdict.refused(refusal);
            }
        }
        try {
            return Verdict.accepted(payload.get());
        } catch (InvalidInputException e) {
            return Verdict.refused("rank 0: " + e.getMessage()); // the others cannot go on either
        } catch (CollectiveException e) {
            return Verdict.failed("rank 0: " + e.getMessage());
        }
    }

    private synchronized boolean awaitAll() {
        long deadline = System.nanoTime() + timeout.toNanos();
        try {
            while (guests.size() < identity.size() - 1) {
                if (refusal != null) {
                    deadline = Math.min(deadline, refusedAt + TO_TELL.toNanos());
                }
                long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
                if (left <= 0) {
                    return false;
                }
                wait(left);
            }
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            refusal = "interrupted while rank 0 waited for the others";
            return false;
        }
    }

    private String missing() {
        List<Integer> ranks = IntStream.range(1, identity.size()).filter(rank -> !guests.containsKey(rank)).boxed().toList();
        String names = ranks.stream().limit(16).map(String::valueOf).collect(Collectors.joining(", "));
        return "rank" + (ranks.size() == 1 ? " " : "s ") + names + (ranks.size() > 16 ? " and others" : "") + " of " + identity.size()
                + " did not come to " + own.name() + " (port " + port() + ") within " + timeout.toSeconds() + " s: see what became of "
                + (ranks.size() == 1 ? "it" : "them") + ", and that MASTER_ADDR can be reached from there";
    }

    private void accept() {
        while (true) {
            try {
                Socket socket = listening.accept();
                if (!keep(socket)) {
                    socket.close();
                    return;
                }
                daemon("rendezvous with " + socket.getRemoteSocketAddress(), () -> receive(socket));
            } catch (IOException e) {
                if (listening.isClosed()) {
                    return;
                }
            }
        }
    }

    private synchronized boolean keep(Socket socket) {
        return !isClosed && open.add(socket);
    }

    /** Whoever shows no passport in time is let go. */
    private void receive(Socket socket) {
        try {
            socket.setSoTimeout(PASSPORT_MILLIS);
            RendezvousWire.send(socket, RendezvousWire.GREETING);
            Guest guest = new Guest(RendezvousWire.message(socket, Passport.class), socket);
            Optional<Verdict> known = admit(guest);
            if (known.isPresent()) {
                answer(socket, known.get());
                return;
            }
            socket.setKeepAlive(true);
            socket.setSoTimeout(0);
            if (socket.getInputStream().read() < 0) { // nothing comes: it ends when the other does, or when this side has answered
                leave(guest);
            }
        } catch (IOException e) {
            drop(socket);
        }
    }

    /** Takes a passport; the verdict if it stands already, for somebody who came late or twice. */
    private synchronized Optional<Verdict> admit(Guest guest) {
        Passport passport = guest.passport();
        Guest before = guests.get(passport.rank());
        if (passport.rank() < 1 || passport.rank() >= identity.size()) {
            return Optional.of(refuse(passport.rank() == 0 ? passport.name() + " came, and " + own.name() + " is rank 0: ranks must differ"
                    : passport.name() + " came, and there are " + identity.size() + " processes: ranks are from 0 to " + (identity.size() - 1)));
        } else if (before != null && !before.passport().isSameProcess(passport)) {
            return Optional.of(refuse(passport.name() + " (process " + passport.pid() + ") and " + before.passport().name() + " (process "
                    + before.passport().pid() + ") have one rank: ranks must differ"));
        } else if (verdict != null) {
            return Optional.of(verdict);
        }
        Passport.difference(List.of(own, passport)).ifPresent(this::refuse);
        guests.put(passport.rank(), guest);
        notifyAll();
        return Optional.empty();
    }

    /** The first thing that is wrong is everyone's answer, once they are here. */
    private Verdict refuse(String why) {
        if (refusal == null) {
            refusal = why;
            refusedAt = System.nanoTime();
            notifyAll();
        }
        return Verdict.refused(refusal);
    }

    private synchronized void leave(Guest guest) {
        if (verdict == null) {
            guests.remove(guest.passport().rank(), guest);
            drop(guest.socket());
        }
    }

    private void answer(Socket socket, Verdict answer) {
        try {
            RendezvousWire.send(socket, answer);
            socket.shutdownOutput();
        } catch (IOException e) {
            drop(socket); // it has left: whoever goes on notices when it is missed
        }
    }

    private synchronized void drop(Socket socket) {
        open.remove(socket);
        try {
            socket.close();
        } catch (IOException e) {
            open.remove(socket); // nothing of it is used any more
        }
    }

    private static void daemon(String name, Runnable work) {
        Thread thread = new Thread(work, name);
        thread.setDaemon(true);
        thread.start();
    }

    @Override
    public void close() {
        List<Socket> left;
        synchronized (this) {
            isClosed = true;
            left = new ArrayList<>(open);
        }
        try {
            listening.close();
        } catch (IOException e) {
            throw new CollectiveException("the rendezvous does not end: " + e.getMessage(), e);
        }
        left.forEach(this::drop);
    }
}
