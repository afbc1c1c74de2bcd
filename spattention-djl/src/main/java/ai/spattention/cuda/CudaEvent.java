package ai.spattention.cuda;

import com.sun.jna.Memory;
import com.sun.jna.Pointer;
import java.util.concurrent.atomic.AtomicInteger;

/** A moment in a stream, for measuring the GPU's own time, and for other streams that wait for it. */
public final class CudaEvent implements AutoCloseable {

    private final CudaDevice device;
    private Pointer handle; // null once it is closed: the driver would read memory that is gone

    /**
     * Makes an event.
     *
     * @param device the GPU
     */
    public CudaEvent(CudaDevice device) {
        this.device = device;
        Memory cell = new Memory(8);
        device.inContext(() -> device.check("cuEventCreate", CudaApi.cuEventCreate(cell, 0)));
        handle = cell.getPointer(0);
    }

    /**
     * Puts the event on a stream: it happens when all work before it is done.
     *
     * @param stream the stream
     */
    public void record(CudaStream stream) {
        device.inContext(() -> device.check("cuEventRecord", CudaApi.cuEventRecord(open(), stream.handle())));
    }

    /**
     * Whether the event has happened, without waiting for it.
     *
     * @return whether all work before it is done
     * @throws CudaException if something that was on the stream failed
     */
    public boolean isReached() {
        AtomicInteger code = new AtomicInteger();
        device.inContext(() -> code.set(CudaApi.cuEventQuery(open())));
        if (code.get() != CudaApi.NOT_READY) {
            device.check("cuEventQuery", code.get());
        }
        return code.get() == CudaApi.SUCCESS;
    }

    /**
     * Waits for a later event and tells the time between the two.
     *
     * @param later an event that was recorded after this one
     * @return milliseconds
     */
    public double millisecondsTo(CudaEvent later) {
        Memory cell = new Memory(4);
        device.inContext(() -> {
            device.check("cuEventSynchronize", CudaApi.cuEventSynchronize(later.open()));
            device.check("cuEventElapsedTime", CudaApi.cuEventElapsedTime(cell, open(), later.open()));
        });
        return cell.getFloat(0);
    }

    /**
     * Lets what follows on another stream wait for the moment that was recorded last; without one it waits for nothing.
     *
     * @param stream the other stream, of the same GPU
     */
    public void holdUp(CudaStream stream) {
        device.inContext(() -> device.check("cuStreamWaitEvent", CudaApi.cuStreamWaitEvent(stream.handle(), open(), 0)));
    }

    private Pointer open() {
        if (handle == null) {
            throw new IllegalStateException("the event on " + device + " is closed");
        }
        return handle;
    }

    /** Closing it again does nothing. */
    @Override
    public void close() {
        if (handle != null) {
            Pointer ended = handle;
            handle = null;
            device.inContext(() -> device.check("cuEventDestroy", CudaApi.cuEventDestroy_v2(ended)));
        }
    }
}
