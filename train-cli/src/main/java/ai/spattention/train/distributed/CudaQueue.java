package ai.spattention.train.distributed;

import ai.spattention.cuda.CudaDevice;
import ai.spattention.cuda.CudaEvent;
import ai.spattention.cuda.CudaStream;
import com.sun.jna.Pointer;
import java.util.Optional;

/**
 * A stream that keeps order with PyTorch's default one, whose work goes first: others wait for it.
 *
 * @param own the stream
 */
record CudaQueue(CudaStream own) implements DeviceQueue {

    static CudaQueue on(int deviceIndex) {
        return new CudaQueue(CudaStream.urgent(CudaDevice.of(deviceIndex)));
    }

    @Override
    public Optional<CudaStream> stream() {
        return Optional.of(own);
    }

    /** An event on the stream. */
    private record EventMoment(CudaEvent event) implements Moment {

        @Override
        public boolean isReached() {
            return event.isReached();
        }

        @Override
        public double secondsSince(Moment earlier) {
            return ((EventMoment) earlier).event.millisecondsTo(event) / 1000;
        }

        @Override
        public void close() {
            event.close();
        }
    }

    @Override
    public int deviceIndex() {
        return own.device().index();
    }

    @Override
    public Pointer handle() {
        return own.handle();
    }

    @Override
    public void inContext(Runnable work) {
        own.device().inContext(work);
    }

    @Override
    public void synchronize() {
        own.synchronize();
    }

    @Override
    public Moment moment() {
        CudaEvent event = new CudaEvent(own.device());
        event.record(own);
        return new EventMoment(event);
    }

    @Override
    public void close() {
        own.close();
    }
}
