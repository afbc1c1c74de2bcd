package ai.spattention.train.loop;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import ai.spattention.olmoe.safetensors.SafetensorsWriter;
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
    private final NDManager host;
    private final CheckpointWriting writing;
    private final CompletableFuture<Void> written = new CompletableFuture<>();

    /**
     * Copies what is to be written, and begins to write.
     *
     * @param step after which step
     * @param writing what writes it; closed with this
     * @param model this rank's part of the parameters
     * @param optimizer its part of the moments
     */
    PendingCheckpoint(long step, CheckpointWriting writing, SafetensorsWriter model, SafetensorsWriter optimizer) {
        this.step = step;
        this.writing = writing;
        host = NDManager.newBaseManager(Device.cpu(), "PyTorch");
        host.setName("checkpoint");
        try {
            SafetensorsWriter ownModel = model.taken(host);
            SafetensorsWriter ownOptimizer = optimizer.taken(host);
            Thread thread = new Thread(() -> write(ownModel, ownOptimizer), "checkpoint of step " + step);
            thread.setDaemon(true);
            thread.start();
        } catch (Throwable e) {
            host.close();
            throw e;
        }
    }

    private void write(SafetensorsWriter model, SafetensorsWriter optimizer) {
        try {
            writing.write(model, optimizer);
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
        host.close();
        writing.close();
    }
}
