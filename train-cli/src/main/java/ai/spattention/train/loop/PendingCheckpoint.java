package ai.spattention.train.loop;

import ai.spattention.train.checkpoint.CheckpointWriting;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;

/**
 * A checkpoint that a thread of its own writes and checks while training goes on, from copies in the processor's memory. It becomes current in
 * the run's thread, for only there ranks may talk to each other.
 */
final class PendingCheckpoint implements Closeable {

    private final long step;
    private final CheckpointWriting writing;
    private final CompletableFuture<Void> written = new CompletableFuture<>();

    /**
     * Begins to write.
     *
     * @param step after which step
     * @param writing what writes it; closed with this
     * @param copies what is written, which must stay as it is until this is closed
     */
    PendingCheckpoint(long step, CheckpointWriting writing, CheckpointCopies.Files copies) {
        this.step = step;
        this.writing = writing;
        Thread thread = new Thread(() -> write(copies), "checkpoint of step " + step);
        thread.setDaemon(true);
        thread.start();
    }

    private void write(CheckpointCopies.Files copies) {
        try {
            writing.write(copies.model(), copies.optimizer());
            written.complete(null);
        } catch (Throwable e) { // told in the run's thread
            written.completeExceptionally(e);
        }
    }

    long step() {
        return step;
    }

    /** Whether nothing is written any more, be it whole or not. */
    boolean hasEnded() {
        return written.isDone();
    }

    boolean hasFailed() {
        return written.isCompletedExceptionally();
    }

    /**
     * Waits until all ranks have ended, and makes the checkpoint current.
     *
     * @return its folder
     * @throws IOException if it could not be written, here or elsewhere
     */
    Path publish() throws IOException {
        return writing.publish(written::join);
    }

    /** Waits for the thread, and leaves nothing of a checkpoint that is not current. */
    @Override
    public void close() throws IOException {
        written.exceptionally(failure -> null).join();
        writing.close();
    }
}
