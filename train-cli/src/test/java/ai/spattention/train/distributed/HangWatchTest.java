package ai.spattention.train.distributed;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Watches a backend that does what the test wants. */
class HangWatchTest {

    private static final WorkerIdentity IDENTITY = new WorkerIdentity(3, 8, 3, 8, "127.0.0.1", 1);
    private static final Duration LONG = Duration.ofMinutes(5);
    private static final Duration SHORT = Duration.ofMillis(200);

    @TempDir
    private Path folder;

    private final List<String> console = new CopyOnWriteArrayList<>();
    private final CountDownLatch ended = new CountDownLatch(1);

    /** A moment of a device that the test moves on. */
    private static final class DeviceMoment implements Moment {

        private final double seconds;
        private volatile boolean reached;
        private volatile boolean closed;
        private volatile boolean isLost;

        private DeviceMoment(double seconds) {
            this.seconds = seconds;
        }

        /** As the driver is: what is gone is not asked, and after a fault nothing is answered. */
        private void requireUsable() {
            assertFalse(closed, "asked of a moment that is closed");
            requireNotLost();
        }

        @Override
        public boolean isReached() {
            requireUsable();
            return reached;
        }

        @Override
        public double secondsSince(Moment earlier) {
            requireUsable();
            ((DeviceMoment) earlier).requireUsable();
            return seconds - ((DeviceMoment) earlier).seconds;
        }

        @Override
        public void close() {
            boolean wasClosed = closed;
            closed = true;
            assertFalse(wasClosed, "closed twice");
            requireNotLost();
        }

        private void requireNotLost() {
            if (isLost) {
                throw new IllegalStateException("an illegal memory access");
            }
        }
    }

    /** Collectives that do nothing, on a device whose moments are the test's. */
    private static final class Device implements WatchableCollectives {

        private final List<DeviceMoment> moments = new CopyOnWriteArrayList<>();
        private final CountDownLatch release = new CountDownLatch(1);
        private volatile String failure;
        private boolean isHost;
        private boolean isLost;

        @Override
        public Moment moment() {
            DeviceMoment moment = new DeviceMoment(moments.size());
            moment.reached = isHost;
            moment.isLost = isLost;
            moments.add(moment);
            return moment;
        }

        @Override
        public Optional<String> failure() {
            return Optional.ofNullable(failure);
        }

        @Override
        public int rank() {
            return IDENTITY.rank();
        }

        @Override
        public int size() {
            return IDENTITY.size();
        }

        @Override
        public double[] sum(double... values) {
            if (values.length == 0) {
                throw new CollectiveException("refused");
            }
            return values;
        }

        /** The one that hangs. */
        @Override
        public void barrier() {
            try {
                release.await();
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        }

        @Override
        public void broadcast(NDArray values, int root) {}

        @Override
        public void allReduce(NDArray values) {}

        @Override
        public void reduceScatter(NDArray values) {}

        @Override
        public void allGather(NDArray values) {}

        @Override
        public void abort() {}

        @Override
        public void kill() {}

        @Override
        public void close() {}
    }

    private WatchedCollectives watched(Device device, Duration timeout) {
        HangWatch watch = new HangWatch(IDENTITY, timeout, folder, console::add, backend -> ended.countDown());
        return new WatchedCollectives(watch.open(() -> device), watch);
    }

    private void awaitEnd() throws InterruptedException {
        assertTrue(ended.await(2, TimeUnit.MINUTES), "the watch does not fire");
    }

    private JsonNode report() throws Exception {
        return new ObjectMapper().readTree(Files.readString(folder.resolve("hang-rank3.json")));
    }

    @Test
    void aCallThatDoesNotReturnEndsTheProcess() throws Exception {
        Device device = new Device();
        device.isHost = true;
        try (WatchedCollectives watched = watched(device, SHORT)) {
            for (int i = 0; i < 40; i++) {
                watched.sum(1, 2);
            }
            Thread waiting = new Thread(watched::barrier, "training");
            waiting.start();
            awaitEnd();
            device.release.countDown();
            waiting.join();
        }
        JsonNode report = report();
        assertEquals(32, report.get("collectives").size(), "the last ones");
        assertEquals("{\"number\":42,\"name\":\"barrier\",\"elements\":0}", without(report.get("waiting_in"), "start"));
        JsonNode before = report.get("collectives").get(30);
        assertEquals("{\"number\":41,\"name\":\"sum\",\"elements\":2}", without(before, "start", "end"));
        assertTrue(before.get("end").isTextual());
        assertTrue(report.get("collectives").get(31).get("end").isNull());
        assertEquals("training", report.get("thread").asText());
        assertTrue(report.get("stack").toString().contains("HangWatchTest$Device.barrier"), report.get("stack").toString());
        assertEquals(ProcessHandle.current().pid(), report.get("pid").asLong());
        assertEquals(1, console.size());
        assertTrue(console.get(0).matches("rank 3 of 8 on \\S+ waits in barrier \\(collective 42\\): no end after \\d+ s; .*hang-rank3\\.json.*"),
                console.get(0));
    }

    private static String without(JsonNode node, String... fields) {
        return ((ObjectNode) node).deepCopy().without(List.of(fields)).toString();
    }

    /** On a GPU a call returns at once: the time counts from when it runs there. */
    @Test
    void whatIsQueuedBehindOtherWorkIsNotLate() throws Exception {
        Device device = new Device();
        try (WatchedCollectives watched = watched(device, SHORT)) {
            watched.sum(1);
            assertFalse(ended.await(4 * SHORT.toMillis(), TimeUnit.MILLISECONDS), "it has not begun to run");
            device.moments.get(0).reached = true;
            awaitEnd();
            device.moments.forEach(moment -> moment.reached = true);
        }
        assertEquals("sum", report().at("/waiting_in/name").asText());
    }

    @Test
    void whatIsSummedIsNamed() throws Exception {
        Device device = new Device();
        try (WatchedCollectives watched = watched(device, SHORT)) {
            watched.named("layer 3's gradients").sum(1, 2);
            watched.sum(1);
            device.moments.get(0).reached = true;
            awaitEnd();
            device.moments.forEach(moment -> moment.reached = true);
        }
        assertEquals("sum of layer 3's gradients", report().at("/waiting_in/name").asText());
        assertTrue(console.get(0).contains("waits in sum of layer 3's gradients (collective 2, 2 elements)"), console.get(0));
    }

    @Test
    void aFailureOfTheBackendNeedsNoTimeout() throws Exception {
        Device device = new Device();
        try (WatchedCollectives watched = watched(device, LONG)) {
            device.failure = "NCCL: remote process exited";
            watched.sum(1);
            device.moments.get(0).reached = true;
            assertTrue(waitsFor(() -> !console.isEmpty()));
            device.moments.forEach(moment -> moment.reached = true);
        }
        assertTrue(console.get(0).contains("NCCL: remote process exited"), console.get(0));
    }

    private static boolean waitsFor(BooleanSupplier condition) throws InterruptedException {
        for (int i = 0; i < 12_000 && !condition.getAsBoolean(); i++) {
            TimeUnit.MILLISECONDS.sleep(10);
        }
        return condition.getAsBoolean();
    }

    @Test
    void secondsAreTheDevicesOwn() {
        Device device = new Device();
        try (WatchedCollectives watched = watched(device, LONG)) {
            double opening = watched.waitedSeconds();
            watched.sum(1); // moments 0 and 1
            watched.sum(1); // 2 and 3
            assertEquals(opening, watched.waitedSeconds());
            device.moments.get(0).reached = true;
            device.moments.get(1).reached = true;
            assertEquals(1, watched.waitedSeconds() - opening, 1e-9);
            assertTrue(device.moments.get(0).closed && device.moments.get(1).closed);
            device.moments.forEach(moment -> moment.reached = true);
            assertEquals(2, watched.waitedSeconds() - opening, 1e-9);
        }
    }

    @Test
    void aCallThatFailsIsNotWaitedFor() throws Exception {
        Device device = new Device();
        device.isHost = true;
        try (WatchedCollectives watched = watched(device, SHORT)) {
            assertThrows(CollectiveException.class, watched::sum);
            assertFalse(ended.await(4 * SHORT.toMillis(), TimeUnit.MILLISECONDS));
        }
    }

    @Test
    void aDeviceThatIsLostEndsTheProcess() throws Exception {
        Device device = new Device();
        try (WatchedCollectives watched = watched(device, SHORT)) {
            watched.sum(1);
            device.moments.get(0).isLost = true;
            awaitEnd();
            device.moments.get(0).isLost = false;
        }
        assertTrue(console.get(0).matches("rank 3 of 8 on \\S+ cannot tell how far its device is: an illegal memory access"), console.get(0));
    }

    @Test
    void oneThatLeavesByItselfIsNotEnded() throws Exception {
        Device device = new Device();
        WatchedCollectives watched = watched(device, LONG); // which gives five seconds to leave
        device.failure = "NCCL: remote process exited";
        watched.sum(1);
        device.moments.get(0).reached = true;
        assertTrue(waitsFor(() -> !console.isEmpty()));
        watched.abort();
        assertFalse(ended.await(4 * SHORT.toMillis(), TimeUnit.MILLISECONDS));
    }

    @Test
    void whatFailsAfterwardsDoesNotHideTheFirstFailure() {
        Device device = new Device();
        try (WatchedCollectives watched = watched(device, LONG)) {
            device.isLost = true;
            CollectiveException first = assertThrows(CollectiveException.class, watched::sum);
            assertEquals("refused", first.getMessage());
            assertEquals("an illegal memory access", first.getSuppressed()[0].getMessage());
        }
    }

    @Test
    void aFolderThatCannotBeWrittenHidesNothing() throws Exception {
        folder = Files.writeString(folder.resolve("file"), "");
        Device device = new Device();
        device.isHost = true;
        try (WatchedCollectives watched = watched(device, SHORT)) {
            Thread waiting = new Thread(watched::barrier);
            waiting.start();
            awaitEnd();
            device.release.countDown();
            waiting.join();
        }
        assertTrue(console.get(0).contains("waits in barrier") && console.get(0).contains("the report cannot be written"), console.get(0));
    }
}
