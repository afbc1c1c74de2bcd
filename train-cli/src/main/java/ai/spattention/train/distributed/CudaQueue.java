package ai.spattention.train.distributed;

import ai.spattention.cuda.CudaDevice;
import ai.spattention.cuda.CudaEvent;
import ai.spattention.cuda.CudaStream;
import com.sun.jna.Pointer;

/**
 * A stream that keeps order with PyTorch's default one.
 *
 * @param stream the stream
 */
record CudaQueue(CudaStream stream) implements DeviceQueue {

    static CudaQueue on(int deviceIndex) {
        return new CudaQueue(new CudaStream(CudaDevice.of(deviceIndex)));
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
        return stream.device().index();
    }

    @Override
    public Pointer handle() {
        return stream.handle();
    }

    @Override
    public void inContext(Runnable work) {
        stream.device().inContext(work);
    }

    @Override
    public Moment moment() {
        CudaEvent event = new CudaEvent(stream.device());
        event.record(stream);
        return new EventMoment(event);
    }

    @Override
    public void close() {
        stream.close();
    }
}
