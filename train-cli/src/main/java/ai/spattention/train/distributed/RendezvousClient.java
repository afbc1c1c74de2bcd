package ai.spattention.train.distributed;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** Any other rank's side of a {@link Rendezvous}. */
final class RendezvousClient {

    private static final int CONNECT_MILLIS = 2_000;
    private static final int GREETING_MILLIS = 2_000;
    private static final int PAUSE_MILLIS = 100;

    /** Rank 0 may have begun to wait later: its answer, which says who is missing, is the better one. */
    private static final Duration LATER = Duration.ofSeconds(10);

    private final WorkerIdentity identity;
    private final Duration timeout;
    private final long deadline;
    private String lastFailure = "";

    RendezvousClient(WorkerIdentity identity, Duration timeout) {
        this.identity = identity;
        this.timeout = timeout;
        deadline = System.nanoTime() + timeout.toNanos();
    }

    Verdict meet(Passport passport) {
        for (int attempt = 0; millisLeft() > 0; attempt++) {
            int port = identity.masterPort() + attempt % Rendezvous.PORTS;
            try (Socket socket = new Socket()) {
                socket.connect(new InetSocketAddress(identity.masterAddress(), port), Math.max(1, Math.min(CONNECT_MILLIS, millisLeft())));
                return meet(socket, passport);
            } catch (IOException e) {
                lastFailure = "port " + port + ": " + e.getMessage();
                pause();
            }
        }
        return Verdict.failed(passport.name() + " did not reach rank 0 at " + identity.masterAddress() + ":" + identity.masterPort() + " within "
                + timeout.toSeconds() + " s (" + lastFailure + "): see that rank 0 runs, that MASTER_ADDR and MASTER_PORT name it,"
                + " and that no firewall is in between");
    }

    private Verdict meet(Socket socket, Passport passport) throws IOException {
        socket.setSoTimeout(GREETING_MILLIS);
        if (!RendezvousWire.line(socket).equals(RendezvousWire.GREETING)) {
            throw new IOException("another service answers");
        }
        socket.setKeepAlive(true);
        RendezvousWire.send(socket, passport);
        socket.setSoTimeout(Math.toIntExact(Math.max(1, millisLeft()) + LATER.toMillis()));
        return RendezvousWire.message(socket, Verdict.class);
    }

    private int millisLeft() {
        return (int) Math.min(Integer.MAX_VALUE / 2, TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime()));
    }

    private static void pause() {
        try {
            Thread.sleep(PAUSE_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CollectiveException("interrupted while waiting for rank 0", e);
        }
    }
}
