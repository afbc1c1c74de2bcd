package ai.spattention.train.data;

import java.util.concurrent.CancellationException;

/** Tells one listener of all units together, whatever threads they are prepared on, and ends them once one has failed. */
final class UnitProgress {

    private final PreparationListener listener;
    private long bytesDone;
    private long textBytes;
    private volatile boolean failed;

    /** Begins with what earlier processes have done. */
    UnitProgress(PreparationListener listener, long bytesDone, long bytesTotal, long tokensDone) {
        this.listener = listener;
        this.bytesDone = bytesDone;
        listener.begin(bytesDone, bytesTotal, tokensDone);
    }

    /** Lets the other units end at their next block, to go on from there another time. */
    void fail() {
        failed = true;
    }

    private synchronized void add(long bytes, long text) {
        if (failed) {
            throw new CancellationException("another unit failed");
        }
        bytesDone += bytes;
        textBytes += text;
        listener.progress(bytesDone, textBytes);
    }

    /** A listener for the next unit. */
    PreparationListener unit() {
        return new PreparationListener() {

            private long ownBytes;
            private long ownText;

            @Override
            public void begin(long done, long total, long tokens) {
                // what the unit has done before comes with its first block
            }

            @Override
            public void progress(long done, long text) {
                add(done - ownBytes, text - ownText);
                ownBytes = done;
                ownText = text;
            }
        };
    }
}
