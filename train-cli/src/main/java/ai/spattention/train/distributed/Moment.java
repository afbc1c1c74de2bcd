package ai.spattention.train.distributed;

/** A moment in the order of a backend's work: on a GPU it comes later than the call that asked for it. */
interface Moment extends AutoCloseable {

    boolean isReached();

    /** The seconds since another moment; both are reached. */
    double secondsSince(Moment earlier);

    @Override
    void close();

    /** Of a backend that works while its caller waits. */
    record Host(long nanos) implements Moment {

        static Host now() {
            return new Host(System.nanoTime());
        }

        @Override
        public boolean isReached() {
            return true;
        }

        @Override
        public double secondsSince(Moment earlier) {
            return (nanos - ((Host) earlier).nanos) / 1e9;
        }

        @Override
        public void close() {
            // nothing is held
        }
    }
}
