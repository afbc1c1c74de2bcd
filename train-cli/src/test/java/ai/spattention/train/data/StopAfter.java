package ai.spattention.train.data;

/** Ends a preparation from within, as a crash would. */
final class StopAfter implements PreparationListener {

    static final class Crash extends RuntimeException {
        private static final long serialVersionUID = 1L;
    }

    private final int blocks;
    private int done;
    private long tokensBefore = -1;

    StopAfter(int blocks) {
        this.blocks = blocks;
    }

    static StopAfter never() {
        return new StopAfter(Integer.MAX_VALUE);
    }

    @Override
    public void begin(long bytesDone, long bytesTotal, long tokensDone) {
        tokensBefore = tokensDone;
    }

    @Override
    public void progress(long bytesDone, long textBytes) {
        if (++done == blocks) {
            throw new Crash();
        }
    }

    /** Blocks written. */
    int done() {
        return done;
    }

    /** Tokens that an earlier start had written. */
    long tokensBefore() {
        return tokensBefore;
    }
}
