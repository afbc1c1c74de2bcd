package ai.spattention.train.distributed;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.spattention.cuda.CudaStream;
import com.sun.jna.Memory;
import com.sun.jna.Pointer;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.IntSupplier;

/**
 * By NCCL, on GPUs: one communicator and one stream, for two may wait for each other. A call puts its work on the stream; what reads
 * the arrays afterwards, on PyTorch's stream or by copying to the host, waits for it by itself.
 */
final class NcclCollectives implements WatchableCollectives {

    /** How long a call, which only puts work on the stream, may take before it counts as hanging. */
    private static final long CALL_SECONDS = 2;

    private final NcclApi api;
    private final DeviceQueue queue;
    private final NDManager manager;
    private final int rank;
    private final int size;
    private final Pointer comm;
    private final ReentrantLock ending = new ReentrantLock(); // held while NCCL is asked about the communicator, or ends it
    private final ReentrantLock calling = new ReentrantLock(); // held by a thread that is inside NCCL
    private volatile boolean isOver;
    private boolean isClosed;

    private NcclCollectives(NcclApi api, DeviceQueue queue, NDManager manager, WorkerIdentity identity, Pointer comm) {
        this.api = api;
        this.queue = queue;
        this.manager = manager;
        this.rank = identity.rank();
        this.size = identity.size();
        this.comm = comm;
    }

    /**
     * Draws what makes a communicator the same for all.
     *
     * @param api NCCL
     * @return 128 bytes, for every rank's {@link #open}
     */
    static byte[] uniqueId(NcclApi api) {
        Memory id = new Memory(NcclApi.UniqueId.BYTES);
        check(api, null, "ncclGetUniqueId", api.ncclGetUniqueId(id), "rank 0");
        return id.getByteArray(0, NcclApi.UniqueId.BYTES);
    }

    /**
     * Joins the others; waits until all have.
     *
     * @param api NCCL
     * @param identity this process
     * @param id rank 0's
     * @param queue the stream, which is closed with this, and where this fails
     * @param manager a manager of arrays on the GPU, which is closed with this, and where this fails
     * @throws CollectiveException if NCCL refuses
     */
    static NcclCollectives open(NcclApi api, WorkerIdentity identity, byte[] id, DeviceQueue queue, NDManager manager) {
        NcclApi.UniqueId unique = new NcclApi.UniqueId();
        System.arraycopy(id, 0, unique.bytes, 0, unique.bytes.length);
        Memory comm = new Memory(8);
        try {
            queue.inContext(() -> check(api, null, "ncclCommInitRank", api.ncclCommInitRank(comm, identity.size(), unique, identity.rank()),
                    identity.toString()));
        } catch (RuntimeException | Error e) {
            try (manager; queue) {
                throw e;
            }
        }
        return new NcclCollectives(api, queue, manager, identity, comm.getPointer(0));
    }

    @Override
    public int rank() {
        return rank;
    }

    @Override
    public int size() {
        return size;
    }

    @Override
    public void allReduce(NDArray values) {
        Dense dense = dense(values).summable();
        Pointer all = new Pointer(dense.address());
        call("ncclAllReduce", () -> api.ncclAllReduce(all, all, dense.elements(), type(dense), NcclApi.SUM, comm, queue.handle()));
    }

    @Override
    public void reduceScatter(NDArray values) {
        Dense dense = dense(values).summable();
        long part = dense.part(size);
        Pointer all = new Pointer(dense.address());
        Pointer own = all.share(rank * part * dense.width()); // in place, as NCCL wants it: where this rank's part is
        call("ncclReduceScatter", () -> api.ncclReduceScatter(all, own, part, type(dense), NcclApi.SUM, comm, queue.handle()));
    }

    @Override
    public void allGather(NDArray values) {
        Dense dense = dense(values);
        long bytes = dense.part(size) * dense.width();
        Pointer all = new Pointer(dense.address());
        Pointer own = all.share(rank * bytes);
        call("ncclAllGather", () -> api.ncclAllGather(own, all, bytes, NcclApi.UINT8, comm, queue.handle()));
    }

    @Override
    public void broadcast(NDArray values, int root) {
        Dense dense = dense(values);
        Pointer all = new Pointer(dense.address());
        call("ncclBroadcast", () -> api.ncclBroadcast(all, all, dense.bytes(), NcclApi.UINT8, root, comm, queue.handle()));
    }

    @Override
    public double[] sum(double... values) {
        if (values.length == 0) {
            return new double[0];
        }
        try (NDArray buffer = manager.create(values, new Shape(values.length))) {
            allReduce(buffer);
            return buffer.toDoubleArray();
        }
    }

    @Override
    public void barrier() {
        sum(0);
    }

    private Dense dense(NDArray values) {
        return Dense.on(queue.deviceIndex(), values);
    }

    private static int type(Dense values) {
        return values.isFloat64() ? NcclApi.FLOAT64 : NcclApi.FLOAT32;
    }

    private void call(String name, IntSupplier function) {
        calling.lock();
        try {
            if (isOver) {
                throw new CollectiveException(name + " on rank " + rank + ": what the processes do together has been ended");
            }
            queue.inContext(() -> check(api, comm, name, function.getAsInt(), "rank " + rank + " of " + size));
        } finally {
            calling.unlock();
        }
    }

    private static void check(NcclApi api, Pointer comm, String name, int code, String who) {
        if (code != NcclApi.SUCCESS) {
            throw new CollectiveException(name + " failed on " + who + ": " + text(api, comm, code));
        }
    }

    /** NCCL's words for a code, and for what it met last. */
    private static String text(NcclApi api, Pointer comm, int code) {
        String last = api.ncclGetLastError(comm);
        return api.ncclGetErrorString(code) + " (NCCL's error " + code + ")"
                + (last == null || last.isBlank() ? "" : ": " + last.strip().replaceAll("\\s*\\R\\s*", "; "));
    }

    @Override
    public Optional<CudaStream> stream() {
        return queue.stream();
    }

    @Override
    public Moment moment() {
        return queue.moment();
    }

    /** Empty, too, while another thread ends the communicator: that may take forever, and the watch must not wait for it. */
    @Override
    public Optional<String> failure() {
        if (!ending.tryLock()) {
            return Optional.empty();
        }
        try {
            if (isOver) {
                return Optional.empty();
            }
            Memory code = new Memory(4);
            int asked = api.ncclCommGetAsyncError(comm, code);
            int failure = asked == NcclApi.SUCCESS ? code.getInt(0) : asked;
            return failure == NcclApi.SUCCESS || failure == NcclApi.IN_PROGRESS ? Optional.empty()
                    : Optional.of("NCCL: " + text(api, comm, failure));
        } finally {
            ending.unlock();
        }
    }

    private void end(String name, IntSupplier function) {
        ending.lock();
        try {
            if (!isOver) {
                isOver = true;
                letACallLeave();
                queue.inContext(() -> check(api, null, name, function.getAsInt(), "rank " + rank + " of " + size));
            }
        } finally {
            ending.unlock();
        }
    }

    /** The communicator's memory goes away: no call may be in it, but one that hangs there, which nothing else ends. */
    private void letACallLeave() {
        try {
            if (calling.tryLock(CALL_SECONDS, TimeUnit.SECONDS)) {
                calling.unlock();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void abort() {
        end("ncclCommAbort", () -> api.ncclCommAbort(comm));
    }

    /** The others notice that this one's connections end. */
    @Override
    public void kill() {
        abort();
    }

    /** Waits for what is under way, which another thread may {@linkplain #abort() abort} meanwhile: a communicator ends when its work is done. */
    @Override
    public void close() {
        if (isClosed) {
            return;
        }
        isClosed = true;
        try (manager; queue) {
            if (!isOver) {
                awaitLastWork();
            }
            end("ncclCommDestroy", () -> api.ncclCommDestroy(comm));
        }
    }

    private void awaitLastWork() {
        try {
            queue.synchronize();
        } catch (RuntimeException | Error e) { // the GPU is lost: the others need not wait
            abortAfter(e);
            throw e;
        }
    }
}
