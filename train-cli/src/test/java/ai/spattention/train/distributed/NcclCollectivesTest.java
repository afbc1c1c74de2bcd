package ai.spattention.train.distributed;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.spattention.common.InvalidInputException;
import com.sun.jna.Pointer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import java.util.function.Function;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The binding, against a library that computes in the host's memory what NCCL would on GPUs. Ranks are threads. */
class NcclCollectivesTest {

    private static final long STREAM = 0x5000;

    @TempDir
    private static Path folder;

    private static Path library;
    private static NcclStub stub;
    private static NcclApi api;

    /** A stream of the host. */
    private static final class HostQueue implements DeviceQueue {

        private final CountDownLatch waits = new CountDownLatch(1);
        private final CountDownLatch done = new CountDownLatch(1);
        private volatile Step slow = Step.NONE;
        private boolean isOpened;
        private boolean isLost;
        private volatile boolean isClosed;

        /** What lasts until the test says that it is done. */
        private enum Step { NONE, CALL, SYNCHRONIZE, DESTROY }

        @Override
        public int deviceIndex() {
            return -1;
        }

        private void last(Step step) {
            if (slow == step) {
                waits.countDown();
                try {
                    assertTrue(done.await(2, TimeUnit.MINUTES), "nothing ends it");
                } catch (InterruptedException e) {
                    throw new AssertionError(e);
                }
            }
        }

        @Override
        public void synchronize() {
            requireOpen();
            last(Step.SYNCHRONIZE);
            if (isLost) {
                throw new IllegalStateException("an illegal memory access");
            }
        }

        private void requireOpen() {
            if (isClosed) { // the driver would read memory that is gone
                throw new AssertionError("asked of a stream that is closed");
            }
        }

        @Override
        public Pointer handle() {
            requireOpen();
            return new Pointer(STREAM);
        }

        @Override
        public void inContext(Runnable work) {
            requireOpen();
            if (isOpened) {
                last(Step.CALL);
            }
            isOpened = true;
            work.run();
            if (stub.stub_calls().endsWith("destroy\n")) {
                last(Step.DESTROY);
            }
        }

        @Override
        public Moment moment() {
            requireOpen();
            return Moment.Host.now();
        }

        @Override
        public void close() {
            requireOpen();
            isClosed = true;
        }
    }

    @BeforeAll
    static void compile() throws Exception {
        library = NcclStub.compile(folder);
        stub = NcclStub.of(library);
        api = NcclLibrary.load(Map.of(NcclLibrary.VARIABLE, library.toString()));
    }

    @BeforeEach
    void clear() {
        stub.stub_clear();
    }

    private static NcclCollectives open(int rank, int size, HostQueue queue) {
        return NcclCollectives.open(api, new WorkerIdentity(rank, size, rank, size, "127.0.0.1", 1), NcclCollectives.uniqueId(api), queue,
                NDManager.newBaseManager(Device.cpu()));
    }

    /** What each of some ranks computes. */
    private static <T> List<T> onRanks(int size, Function<NcclCollectives, T> work) throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(size);
        try {
            List<Future<T>> ranks = new ArrayList<>();
            for (int i = 0; i < size; i++) {
                int rank = i;
                ranks.add(threads.submit(() -> {
                    try (NcclCollectives collectives = open(rank, size, new HostQueue())) {
                        return work.apply(collectives);
                    }
                }));
            }
            List<T> results = new ArrayList<>();
            for (Future<T> rank : ranks) {
                results.add(rank.get(2, TimeUnit.MINUTES));
            }
            return results;
        } finally {
            threads.shutdownNow();
        }
    }

    /** Runs on two ranks, each with [6] numbers 10 rank + 0, 1, ... */
    private static List<double[]> onNumbers(DataType type, BiConsumer<NcclCollectives, NDArray> work) throws Exception {
        return onRanks(2, collectives -> {
            try (NDManager manager = NDManager.newBaseManager(Device.cpu());
                    NDArray values = manager.arange(6).toType(type, true).add(10 * collectives.rank()).toType(type, false)) {
                work.accept(collectives, values);
                return values.toType(DataType.FLOAT64, true).toDoubleArray();
            }
        });
    }

    private static void assertCalled(String line) {
        assertTrue(stub.stub_calls().lines().anyMatch(line::equals), () -> line + " is not among\n" + stub.stub_calls());
    }

    @Test
    void theIdArrivesWholeByValue() throws Exception {
        onRanks(2, collectives -> {
            assertEquals(2, collectives.size());
            return collectives.rank();
        });
        assertCalled("init 0 of 2, id whole");
        assertCalled("init 1 of 2, id whole");
        assertEquals(2, stub.stub_calls().lines().filter("destroy"::equals).count());
    }

    @Test
    void allReduceSumsInPlace() throws Exception {
        for (double[] values : onNumbers(DataType.FLOAT32, NcclCollectives::allReduce)) {
            assertArrayEquals(new double[] {10, 12, 14, 16, 18, 20}, values);
        }
        assertCalled("allReduce rank 1: receive - send 0, count 6, type 7, 0, stream 0x5000");
        onNumbers(DataType.FLOAT64, NcclCollectives::allReduce);
        assertCalled("allReduce rank 0: receive - send 0, count 6, type 8, 0, stream 0x5000");
    }

    @Test
    void reduceScatterLeavesAPartWhereItBelongs() throws Exception {
        List<double[]> ranks = onNumbers(DataType.FLOAT32, NcclCollectives::reduceScatter);
        assertArrayEquals(new double[] {10, 12, 14}, Arrays.copyOfRange(ranks.get(0), 0, 3));
        assertArrayEquals(new double[] {16, 18, 20}, Arrays.copyOfRange(ranks.get(1), 3, 6));
        assertCalled("reduceScatter rank 1: receive - send 12, count 3, type 7, 0, stream 0x5000");
    }

    @Test
    void allGatherTakesBytesOfAnyType() throws Exception {
        for (double[] values : onNumbers(DataType.INT64, NcclCollectives::allGather)) {
            assertArrayEquals(new double[] {0, 1, 2, 13, 14, 15}, values);
        }
        assertCalled("allGather rank 1: receive - send -24, count 24, type 1, -1, stream 0x5000");
    }

    @Test
    void broadcastTakesBytesFromTheRoot() throws Exception {
        for (double[] values : onNumbers(DataType.INT32, (collectives, array) -> collectives.broadcast(array, 1))) {
            assertArrayEquals(new double[] {10, 11, 12, 13, 14, 15}, values);
        }
        assertCalled("broadcast rank 0: receive - send 0, count 24, type 1, 1, stream 0x5000");
    }

    @Test
    void numbersAreSummedInDoublePrecision() throws Exception {
        for (double[] sums : onRanks(3, collectives -> collectives.sum(0.1 * (collectives.rank() == 1 ? 1 : 0), 1e-12, collectives.rank()))) {
            assertArrayEquals(new double[] {0.1, 1e-12 + 1e-12 + 1e-12, 3}, sums);
        }
        onRanks(2, collectives -> {
            collectives.barrier();
            return collectives.sum().length;
        });
    }

    @Test
    void aCodeIsTurnedIntoNcclsWords() {
        HostQueue queue = new HostQueue();
        try (NcclCollectives one = open(0, 1, queue)) {
            stub.stub_fail("ncclAllReduce");
            String message = assertThrows(CollectiveException.class, () -> one.sum(1)).getMessage();
            assertEquals("ncclAllReduce failed on rank 0 of 1: internal error (NCCL's error 3): the last; words", message);
        }
        assertTrue(queue.isClosed);
        stub.stub_fail("ncclCommInitRank");
        HostQueue unused = new HostQueue();
        String message = assertThrows(CollectiveException.class, () -> open(1, 2, unused)).getMessage();
        assertTrue(message.startsWith("ncclCommInitRank failed on rank 1 of 2: internal error"), message);
        assertTrue(unused.isClosed);
        stub.stub_fail("ncclGetUniqueId");
        assertThrows(CollectiveException.class, () -> NcclCollectives.uniqueId(api));
    }

    @Test
    void failuresBehindTheCallsAreSeen() {
        try (NcclCollectives one = open(0, 1, new HostQueue())) {
            assertEquals(Optional.empty(), one.failure());
            stub.stub_fail_later(NcclApi.IN_PROGRESS);
            assertEquals(Optional.empty(), one.failure());
            stub.stub_fail_later(6);
            assertEquals("NCCL: remote process exited (NCCL's error 6): the last; words", one.failure().orElseThrow());
            one.abort();
            assertEquals(Optional.empty(), one.failure());
            assertThrows(CollectiveException.class, one::barrier);
        }
        assertCalled("abort");
        assertTrue(stub.stub_calls().lines().noneMatch("destroy"::equals), "a communicator ends once");
    }

    @Test
    void nothingIsAskedOfAStreamThatIsClosed() {
        HostQueue queue = new HostQueue();
        HangWatch watch = new HangWatch(new WorkerIdentity(0, 1, 0, 1, "127.0.0.1", 1), Duration.ofMinutes(1), folder, line -> { }, backend -> { });
        WatchedCollectives watched = new WatchedCollectives(watch.open(() -> open(0, 1, queue)), watch);
        watched.barrier();
        watched.close();
        assertTrue(queue.isClosed);
        assertTrue(watched.waitedSeconds() >= 0);
    }

    @Test
    void whatCannotBeEndedIsClosedAllTheSameAndOnce() {
        HostQueue queue = new HostQueue();
        NcclCollectives one = open(0, 1, queue);
        stub.stub_fail("ncclCommDestroy");
        assertTrue(assertThrows(CollectiveException.class, one::close).getMessage().startsWith("ncclCommDestroy failed on rank 0 of 1"));
        assertTrue(queue.isClosed);
        one.close();
        one.abort();
        assertEquals(1, stub.stub_calls().lines().filter(line -> line.equals("destroy") || line.equals("abort")).count());
    }

    @Test
    void aRankWhoseGpuIsLostLetsTheOthersGo() {
        HostQueue queue = new HostQueue();
        NcclCollectives one = open(0, 1, queue);
        queue.isLost = true;
        assertEquals("an illegal memory access", assertThrows(IllegalStateException.class, one::close).getMessage());
        assertTrue(queue.isClosed);
        assertCalled("abort");
        assertTrue(stub.stub_calls().lines().noneMatch("destroy"::equals), "a communicator ends once");
    }

    @Test
    void aFailureToAbortDoesNotHideWhatFailedFirst() {
        try (NcclCollectives one = open(0, 1, new HostQueue())) {
            stub.stub_fail("ncclCommAbort");
            IllegalStateException first = new IllegalStateException("first");
            one.abortAfter(first);
            assertTrue(first.getSuppressed()[0].getMessage().startsWith("ncclCommAbort failed on rank 0 of 1"));
        }
    }

    /** Others have died: what was begun never ends, until the watch aborts it from its own thread. */
    @Test
    void oneThatWaitsForItsLastWorkCanBeAborted() throws Exception {
        HostQueue queue = new HostQueue();
        queue.slow = HostQueue.Step.SYNCHRONIZE;
        NcclCollectives one = open(0, 1, queue);
        Thread leaving = new Thread(one::close);
        leaving.start();
        assertTrue(queue.waits.await(2, TimeUnit.MINUTES));
        assertEquals(Optional.empty(), one.failure());
        one.abort();
        queue.done.countDown();
        leaving.join();
        assertTrue(queue.isClosed);
        assertCalled("abort");
        assertTrue(stub.stub_calls().lines().noneMatch("destroy"::equals), "a communicator ends once");
    }

    /** A thread that is in a call until the queue is told that it is done. */
    private static Thread insideACall(NcclCollectives one, HostQueue queue) throws InterruptedException {
        queue.slow = HostQueue.Step.CALL;
        Thread working = new Thread(one::barrier);
        working.start();
        assertTrue(queue.waits.await(2, TimeUnit.MINUTES));
        queue.slow = HostQueue.Step.NONE;
        return working;
    }

    /** The watch ends the communicator from its own thread: not under a call that is just putting work on the stream. */
    @Test
    void aCallOnItsWayLeavesBeforeTheCommunicatorIsAborted() throws Exception {
        HostQueue queue = new HostQueue();
        NcclCollectives one = open(0, 1, queue);
        Thread working = insideACall(one, queue);
        Thread watch = new Thread(one::abort);
        watch.start();
        watch.join(300);
        assertTrue(stub.stub_calls().lines().noneMatch("abort"::equals), "it waits for the call");
        queue.done.countDown();
        working.join();
        watch.join();
        assertCalled("abort");
        assertTrue(assertThrows(CollectiveException.class, one::barrier).getMessage().endsWith("has been ended"));
        one.close();
    }

    @Test
    void aCallThatHangsIsCutOff() throws Exception {
        HostQueue queue = new HostQueue();
        NcclCollectives one = open(0, 1, queue);
        Thread working = insideACall(one, queue);
        one.abort();
        assertCalled("abort");
        queue.done.countDown();
        working.join();
        one.close();
    }

    /** The watch asks for failures before it looks at the clock: to wait there would be to hang, too. */
    @Test
    void oneThatHangsWhileItEndsDoesNotHoldTheWatchUp() throws Exception {
        HostQueue queue = new HostQueue();
        queue.slow = HostQueue.Step.DESTROY;
        CountDownLatch fired = new CountDownLatch(1);
        HangWatch watch = new HangWatch(new WorkerIdentity(0, 1, 0, 1, "127.0.0.1", 1), Duration.ofMillis(200), folder, line -> { },
                backend -> fired.countDown());
        WatchedCollectives watched = new WatchedCollectives(watch.open(() -> open(0, 1, queue)), watch);
        Thread leaving = new Thread(watched::close);
        leaving.start();
        assertTrue(queue.waits.await(2, TimeUnit.MINUTES));
        assertTrue(fired.await(2, TimeUnit.MINUTES), "the watch does not fire");
        queue.done.countDown();
        leaving.join();
        assertTrue(queue.isClosed);
    }

    @Test
    void arraysThatDoNotServeAreRefused() {
        try (NcclCollectives one = open(0, 2, new HostQueue()); NDManager manager = NDManager.newBaseManager(Device.cpu())) {
            NDArray matrix = manager.ones(new Shape(2, 3));
            assertTrue(assertThrows(IllegalArgumentException.class, () -> one.allReduce(matrix.transpose())).getMessage().contains("with gaps"));
            assertThrows(IllegalArgumentException.class, () -> one.allReduce(matrix.toType(DataType.INT32, true)));
            assertThrows(IllegalArgumentException.class, () -> one.reduceScatter(manager.ones(new Shape(3))));
            assertThrows(IllegalArgumentException.class, () -> one.allGather(manager.ones(new Shape(5))));
        }
    }

    @Test
    void aLibraryThatDoesNotServeIsNamed() throws Exception {
        assertRefused(folder.resolve("absent.so").toString(), "does not load");
        assertRefused(NcclStub.compile(folder, "-DWITHOUT_LAST_ERROR").toString(), "has no ncclGetLastError");
        stub.stub_version(21005);
        assertRefused(library.toString(), "is NCCL 21005: version 2.13 (21300) or newer");
        String message = assertThrows(InvalidInputException.class, () -> NcclLibrary.load(Map.of())).getMessage();
        assertTrue(message.startsWith("there is no NCCL"), message);
    }

    private static void assertRefused(String file, String expected) {
        String message = assertThrows(InvalidInputException.class, () -> NcclLibrary.load(Map.of(NcclLibrary.VARIABLE, file))).getMessage();
        assertTrue(message.contains(file) && message.contains(expected), message);
        assertEquals(1, message.lines().count(), message);
    }
}
