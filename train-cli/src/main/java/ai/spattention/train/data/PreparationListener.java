package ai.spattention.train.data;

/** Is told how a preparation goes on. Called from the thread that prepares. */
public interface PreparationListener {

    /** Tells nobody. */
    PreparationListener NONE = new PreparationListener() {
        @Override
        public void begin(long bytesDone, long bytesTotal, long tokensDone) {}

        @Override
        public void progress(long bytesDone, long textBytes) {}
    };

    /**
     * The preparation begins, or goes on.
     *
     * @param bytesDone bytes of the input files that have been dealt with before, 0 unless it goes on
     * @param bytesTotal bytes of all input files
     * @param tokensDone tokens written before
     */
    void begin(long bytesDone, long bytesTotal, long tokensDone);

    /**
     * A block of documents has been written.
     *
     * @param bytesDone bytes of the input files, packed as they are, that have been dealt with
     * @param textBytes bytes of text in UTF-8 that have been encoded since the beginning of this process
     */
    void progress(long bytesDone, long textBytes);
}
