package ai.spattention.train.loop;

import ai.djl.Device;
import ai.spattention.olmoe.safetensors.SafetensorsWriter;
import ai.spattention.olmoe.safetensors.TensorCopies;
import java.io.Closeable;
import java.util.concurrent.CompletableFuture;

/**
 * The processor's memory for what checkpoints behind training hold. A run keeps it from one to the next, so that it waits for memory to be
 * found at the first at most, and not even there if it was reserved in time.
 */
final class CheckpointCopies implements Closeable {

    private final TensorCopies model;
    private final TensorCopies optimizer;
    private CompletableFuture<Void> reserved = CompletableFuture.completedFuture(null);

    /**
     * Begins without memory.
     *
     * @param source where model and moments are
     */
    CheckpointCopies(Device source) {
        model = new TensorCopies(source);
        optimizer = new TensorCopies(source);
    }

    /**
     * What is written of a rank.
     *
     * @param model its part of the parameters
     * @param optimizer its part of the moments
     */
    record Files(SafetensorsWriter model, SafetensorsWriter optimizer) {}

    /** Has a thread of its own take the memory for files like these, whose content it does not read. */
    void reserve(Files files) {
        reserved = CompletableFuture.runAsync(() -> {
            files.model.reserve(model);
            files.optimizer.reserve(optimizer);
        }, CheckpointCopies::start);
    }

    private static void start(Runnable task) {
        Thread thread = new Thread(task, "memory for checkpoints");
        thread.setDaemon(true);
        thread.start();
    }

    /**
     * Copies what files hold at this moment.
     *
     * @param files the files
     * @return files of the copies, which hold until the next are taken
     */
    Files taken(Files files) {
        await();
        return new Files(files.model.taken(model), files.optimizer.taken(optimizer));
    }

    /** Waits for the thread. Memory that it did not get is asked for again where it is needed, and missed there. */
    private void await() {
        reserved.exceptionally(failure -> null).join();
    }

    /** The memory that is kept, once none is being reserved: bytes. */
    long bytes() {
        await();
        return model.bytes() + optimizer.bytes();
    }

    /** Gives the memory back. Nothing may be written from it any more. */
    @Override
    public void close() {
        await();
        try (model; optimizer) {
            // both, also where one cannot be closed
        }
    }
}
