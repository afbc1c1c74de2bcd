package ai.spattention.cuda;

import com.sun.jna.Memory;
import com.sun.jna.Pointer;

/** Work that was put on a stream once, to be started again as a whole by a single call: the same launches with the same arguments. */
public final class CudaGraph implements AutoCloseable {

    private static final int RELAXED = 2; // CU_STREAM_CAPTURE_MODE_RELAXED: other threads' work is none of this capture's business

    private final CudaDevice device;
    private final Pointer executable;

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
     * @throws CudaException if the driver refuses
     */
    public static CudaGraph capture(CudaStream stream, Runnable work) {
        CudaDevice device = stream.device();
        Pointer[] made = new Pointer[1];
        device.inContext(() -> made[0] = record(stream, work));
        return new CudaGraph(device, made[0]);
    }

    private static Pointer record(CudaStream stream, Runnable work) {
        CudaDevice device = stream.device();
        Memory cell = new Memory(8);
        device.check("cuStreamBeginCapture", CudaApi.cuStreamBeginCapture_v2(stream.handle(), RELAXED));
        try {
            work.run();
        } catch (RuntimeException | Error e) {
            CudaApi.cuStreamEndCapture(stream.handle(), cell); // the stream must leave the capture; what it holds is dropped
            throw e;
        }
        device.check("cuStreamEndCapture", CudaApi.cuStreamEndCapture(stream.handle(), cell));
        Pointer graph = cell.getPointer(0);
        try {
            device.check("cuGraphInstantiate", CudaApi.cuGraphInstantiateWithFlags(cell, graph, 0));
            return cell.getPointer(0);
        } finally {
            CudaApi.cuGraphDestroy(graph);
        }
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
