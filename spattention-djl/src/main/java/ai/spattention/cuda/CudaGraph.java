package ai.spattention.cuda;

import com.sun.jna.Memory;
import com.sun.jna.Pointer;

/** Work that was put on a stream once, to be started again as a whole by a single call: the same launches with the same arguments. */
public final class CudaGraph implements AutoCloseable {

    private static final int RELAXED = 2; // CU_STREAM_CAPTURE_MODE_RELAXED: other threads' work is none of this capture's business

    // CUresult: what the driver says of work that it does not record
    private static final int NOT_PERMITTED = 800;
    private static final int NOT_SUPPORTED = 801;
    private static final int FIRST_OF_CAPTURES = 900; // CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED
    private static final int LAST_OF_CAPTURES = 908; // CUDA_ERROR_STREAM_CAPTURE_WRONG_THREAD

    private final CudaDevice device;
    private final Pointer executable;

    /** What records a stream's work. */
    interface Recorder {

        /** Begins; gives a CUresult, as the others do. */
        int begin();

        /** Ends, and writes the graph. */
        int end(Pointer graph);

        /** Makes a graph ready to run, and writes what runs. */
        int instantiate(Pointer executable, Pointer graph);

        /** Drops a graph. */
        void destroy(Pointer graph);

        /** Turns an error into an exception. */
        void check(String call, int code);
    }

    private CudaGraph(CudaDevice device, Pointer executable) {
        this.device = device;
        this.executable = executable;
    }

    /**
     * Records what is put on a stream, which does not run meanwhile.
     *
     * @param stream the stream
     * @param work puts it there
     * @return the graph
     * @throws GraphRefusedException if the driver does not record such work
     * @throws CudaException if a call of the driver fails for another reason
     */
    public static CudaGraph capture(CudaStream stream, Runnable work) {
        CudaDevice device = stream.device();
        Pointer[] made = new Pointer[1];
        device.inContext(() -> made[0] = record(driver(stream), work));
        return new CudaGraph(device, made[0]);
    }

    private static Recorder driver(CudaStream stream) {
        return new Recorder() {
            @Override
            public int begin() {
                return CudaApi.cuStreamBeginCapture_v2(stream.handle(), RELAXED);
            }

            @Override
            public int end(Pointer graph) {
                return CudaApi.cuStreamEndCapture(stream.handle(), graph);
            }

            @Override
            public int instantiate(Pointer executable, Pointer graph) {
                return CudaApi.cuGraphInstantiateWithFlags(executable, graph, 0);
            }

            @Override
            public void destroy(Pointer graph) {
                CudaApi.cuGraphDestroy(graph);
            }

            @Override
            public void check(String call, int code) {
                stream.device().check(call, code);
            }
        };
    }

    /** What runs. Until it is started nothing has: whatever fails here, the work can be done in another way. */
    static Pointer record(Recorder recorder, Runnable work) {
        Memory cell = new Memory(8);
        cell.setPointer(0, null);
        check(recorder, "cuStreamBeginCapture", recorder.begin());
        try {
            work.run();
        } catch (RuntimeException | Error e) {
            int end = recorder.end(cell); // the stream must leave the capture
            if (cell.getPointer(0) != null) {
                recorder.destroy(cell.getPointer(0));
            }
            // a library tells of a call that cannot be recorded in its own words: the capture is then no longer valid
            if (e instanceof CudaException failure ? isRefusal(failure.code()) : isRefusal(end)) {
                throw new GraphRefusedException(e.getMessage(), e);
            }
            throw e;
        }
        check(recorder, "cuStreamEndCapture", recorder.end(cell));
        Pointer graph = cell.getPointer(0);
        try {
            check(recorder, "cuGraphInstantiate", recorder.instantiate(cell, graph));
            return cell.getPointer(0);
        } finally {
            recorder.destroy(graph);
        }
    }

    private static void check(Recorder recorder, String call, int code) {
        try {
            recorder.check(call, code);
        } catch (CudaException e) {
            if (isRefusal(e.code())) {
                throw new GraphRefusedException(e.getMessage(), e);
            }
            throw e;
        }
    }

    private static boolean isRefusal(int code) {
        return code == NOT_PERMITTED || code == NOT_SUPPORTED || code >= FIRST_OF_CAPTURES && code <= LAST_OF_CAPTURES;
    }

    /**
     * Puts the whole work on a stream and returns at once.
     *
     * @param stream a stream of the same GPU
     */
    public void launch(CudaStream stream) {
        device.inContext(() -> device.check("cuGraphLaunch", CudaApi.cuGraphLaunch(executable, stream.handle())));
    }

    @Override
    public void close() {
        device.inContext(() -> device.check("cuGraphExecDestroy", CudaApi.cuGraphExecDestroy(executable)));
    }
}
