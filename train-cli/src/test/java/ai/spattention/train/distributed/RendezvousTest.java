package ai.spattention.train.distributed;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.common.InvalidInputException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Ranks are threads here: what they share is the network alone. */
class RendezvousTest {

    private static final Duration LONG = Duration.ofSeconds(60);
    private static final Duration SHORT = Duration.ofSeconds(3);
    private static final Map<String, String> SETTINGS = Map.of("model.pattern", "sp", "seed", "2");
    private static final byte[] PAYLOAD = {1, -2, 3};

    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final List<AutoCloseable> open = new ArrayList<>();
    private final int port = freePort();

    @AfterEach
    void close() throws Exception {
        threads.shutdownNow();
        for (AutoCloseable one : open) {
            one.close();
        }
    }

    /** Two ports in a row that nobody had a moment ago. */
    private static int freePort() {
        for (int attempt = 0; ; attempt++) {
            try (ServerSocket first = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                    ServerSocket second = new ServerSocket(first.getLocalPort() + 1, 1, InetAddress.getLoopbackAddress())) {
                return second.getLocalPort() - 1;
            } catch (IOException | IllegalArgumentException e) {
                if (attempt == 100) {
                    throw new AssertionError(e);
                }
            }
        }
    }

    private static Passport passport(int rank, int size) {
        return new Passport(rank, size, "host" + rank, 100 + rank, "1.0", SETTINGS, "dddd");
    }

    private Future<byte[]> meet(Duration timeout, int rank, int size, Passport passport) {
        WorkerIdentity identity = new WorkerIdentity(rank, size, rank, size, "127.0.0.1", port);
        return threads.submit(() -> new Rendezvous(identity, timeout).meet(passport, PAYLOAD::clone));
    }

    private static void assertMeet(List<Future<byte[]>> ranks) throws Exception {
        for (Future<byte[]> rank : ranks) {
            assertArrayEquals(PAYLOAD, rank.get(2, TimeUnit.MINUTES));
        }
    }

    /** All ranks end with the same one line. */
    private static String refusal(Class<? extends Exception> type, List<Future<byte[]>> ranks) {
        List<String> messages = new ArrayList<>();
        for (Future<byte[]> rank : ranks) {
            Throwable failure = assertThrows(ExecutionException.class, () -> rank.get(2, TimeUnit.MINUTES)).getCause();
            assertInstanceOf(type, failure);
            messages.add(failure.getMessage());
        }
        assertEquals(1, messages.stream().distinct().count(), messages.toString());
        assertEquals(1, messages.get(0).lines().count(), messages.get(0));
        return messages.get(0);
    }

    @Test
    void everyRankGetsWhatRankZeroHas() throws Exception {
        List<Future<byte[]>> ranks = new ArrayList<>();
        for (int rank = 4; rank >= 0; rank--) { // rank 0 comes last
            ranks.add(meet(LONG, rank, 5, passport(rank, 5)));
        }
        assertMeet(ranks);
    }

    @Test
    void aSingleProcessMeetsNobody() {
        AtomicInteger asked = new AtomicInteger();
        new Rendezvous(WorkerIdentity.SINGLE, SHORT).meet(passport(0, 1), () -> {
            asked.incrementAndGet();
            return PAYLOAD;
        });
        assertEquals(1, asked.get());
    }

    @Test
    void whatDiffersIsToldToAll() {
        Passport zero = passport(0, 3);
        Passport one = passport(1, 3);
        String message = refusal(InvalidInputException.class, List.of(meet(LONG, 0, 3, zero), meet(LONG, 1, 3, one),
                meet(LONG, 2, 3, new Passport(2, 3, "host2", 102, "1.0", Map.of("seed", "2", "precision", "float32"), "dddd"))));
        assertEquals("rank 2 on host2 has another configuration (no model.pattern) than rank 0 on host0 (model.pattern=sp): start all with the"
                + " same settings (1 more differ)", message);
        assertTrue(Passport.difference(List.of(one, new Passport(0, 3, "a", 1, "1.1", SETTINGS, "dddd"))).orElseThrow().startsWith(
                "rank 1 on host1 has another version (1.0) than rank 0 on a (1.1)"), "rank 0 is the measure");
        assertTrue(Passport.difference(List.of(zero, one, new Passport(2, 3, "a", 1, "1.0", SETTINGS, ""))).orElseThrow().contains("another data ()"));
        assertTrue(Passport.difference(List.of(zero, new Passport(1, 4, "a", 1, "1.0", SETTINGS, "dddd"))).orElseThrow()
                .contains("another number of processes (4)"));
        assertTrue(Passport.difference(List.of(zero, one)).isEmpty());
    }

    /** Which would not fit, and of which nobody would see where they differ. */
    @Test
    void longSettingsAreDigested() {
        WorkerIdentity identity = new WorkerIdentity(1, 3, 1, 3, "127.0.0.1", port);
        Map<String, String> shown = Passport.of(identity, "1.0", Map.of("sample.prompt", "n".repeat(300), "seed", "2"), "").settings();
        assertTrue(shown.get("sample.prompt").startsWith("SHA-256 "), shown.toString());
        assertEquals("2", shown.get("seed"));
    }

    @Test
    void twoOfOneRankAreRefused() throws Exception {
        Future<byte[]> zero = meet(LONG, 0, 3, passport(0, 3));
        List<Future<byte[]>> ones = List.of(meet(LONG, 1, 3, passport(1, 3)),
                meet(LONG, 1, 3, new Passport(1, 3, "other", 7, "1.0", SETTINGS, "dddd")));
        while (ones.stream().noneMatch(Future::isDone)) { // the second of them to come is told at once
            TimeUnit.MILLISECONDS.sleep(10);
        }
        String message = refusal(InvalidInputException.class, List.of(zero, ones.get(0), ones.get(1), meet(LONG, 2, 3, passport(2, 3))));
        assertTrue(message.contains("have one rank") && message.contains("rank 1 on other (process 7)"), message);
    }

    @Test
    void ranksThatDoNotComeAreNamed() {
        String message = refusal(CollectiveException.class, List.of(meet(SHORT, 0, 4, passport(0, 4)), meet(SHORT, 2, 4, passport(2, 4))));
        assertTrue(message.startsWith("ranks 1, 3 of 4 did not come to rank 0 on host0 (port " + port + ") within 3 s"), message);
    }

    @Test
    void aRankZeroThatDoesNotComeIsNamed() {
        String message = refusal(CollectiveException.class, List.of(meet(Duration.ofMillis(300), 1, 2, passport(1, 2))));
        assertTrue(message.startsWith("rank 1 on host1 did not reach rank 0 at 127.0.0.1:" + port), message);
    }

    @Test
    void whoLeavesIsMissedAndMayComeAgain() throws Exception {
        Future<byte[]> zero = meet(LONG, 0, 3, passport(0, 3));
        try (Socket gone = connect()) {
            assertEquals(RendezvousWire.GREETING, RendezvousWire.line(gone));
            RendezvousWire.send(gone, passport(1, 3));
            gone.shutdownOutput();
            assertEquals(-1, gone.getInputStream().read(), "rank 0 has seen that it left");
        }
        assertMeet(List.of(meet(LONG, 2, 3, passport(2, 3)), meet(LONG, 1, 3, passport(1, 3)), zero));
    }

    @Test
    void foreignClientsKeepNobodyWaiting() throws Exception {
        Future<byte[]> zero = meet(LONG, 0, 2, passport(0, 2));
        Socket silent = connect();
        Socket garbage = connect();
        garbage.getOutputStream().write("GET / HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        Socket endless = connect();
        endless.getOutputStream().write(new byte[1 << 15]);
        Socket almost = connect();
        almost.getOutputStream().write("null\n".getBytes(StandardCharsets.US_ASCII));
        assertMeet(List.of(meet(LONG, 1, 2, passport(1, 2)), zero));
        assertTrue(silent.isConnected());
    }

    /** A service that holds the port and says nothing, as the store of torchrun's agent. */
    @Test
    void anAgentMayHoldThePort() throws Exception {
        ServerSocket agent = new ServerSocket(port, 50, InetAddress.getLoopbackAddress());
        open.add(agent);
        assertMeet(List.of(meet(LONG, 0, 2, passport(0, 2)), meet(LONG, 1, 2, passport(1, 2))));
    }

    @Test
    void portsInUseAreNamed() throws Exception {
        for (int i = 0; i < Rendezvous.PORTS; i++) {
            open.add(new ServerSocket(port + i, 1, InetAddress.getLoopbackAddress()));
        }
        String message = refusal(InvalidInputException.class, List.of(meet(LONG, 0, 2, passport(0, 2))));
        assertTrue(message.startsWith("rank 0 cannot serve at port " + port + ", nor at the next one"), message);
    }

    @Test
    void aPayloadThatCannotBeMadeIsEveryonesFailure() {
        WorkerIdentity identity = new WorkerIdentity(0, 2, 0, 2, "127.0.0.1", port);
        Future<byte[]> zero = threads.submit(() -> new Rendezvous(identity, LONG).meet(passport(0, 2), () -> {
            throw new CollectiveException("ncclGetUniqueId failed");
        }));
        assertEquals("rank 0: ncclGetUniqueId failed", refusal(CollectiveException.class, List.of(zero, meet(LONG, 1, 2, passport(1, 2)))));
    }

    @Test
    void whereRankZeroIsHasToBeKnown() {
        WorkerIdentity identity = new WorkerIdentity(0, 2, 0, 1, "", 29500);
        String message = assertThrows(InvalidInputException.class, () -> new Rendezvous(identity, LONG)).getMessage();
        assertTrue(message.startsWith("MASTER_ADDR is not set"), message);
    }

    /** A client of whatever kind, once somebody listens. */
    private Socket connect() throws Exception {
        for (int attempt = 0; ; attempt++) {
            Socket socket = new Socket();
            open.add(socket);
            try {
                socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
                return socket;
            } catch (IOException e) {
                if (attempt == 1000) {
                    throw e;
                }
                TimeUnit.MILLISECONDS.sleep(10);
            }
        }
    }
}
