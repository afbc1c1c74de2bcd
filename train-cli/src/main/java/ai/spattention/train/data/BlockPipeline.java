package ai.spattention.train.data;

import ai.spattention.olmoe.io.Failures;
import java.io.Closeable;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;

/**
 * Reads blocks ahead on a thread of its own and has them encoded meanwhile, so that encoders need not wait for reader or
 * writer. Blocks come out in the order in which they are read. Few are in memory at a time.
 */
final class BlockPipeline implements Closeable {

    /** A block, the end (neither block nor failure), or what stopped the reader. */
    private record Item(BlockEncoder.Encoding encoding, Throwable failure) {}

    private final BlockReader blocks;
    private final BlockEncoder encoder;
    private final BlockingQueue<Item> queue;
    private final Thread thread = new Thread(this::readAll, "read");

    /** Starts to read, at most so many blocks ahead. */
    BlockPipeline(BlockReader blocks, BlockEncoder encoder, int ahead) {
        this.blocks = blocks;
        this.encoder = encoder;
        queue = new ArrayBlockingQueue<>(ahead);
        thread.setDaemon(true);
        thread.start();
    }

    private void readAll() {
        try {
            Item item;
            do {
                item = readOne();
                queue.put(item);
            } while (item.encoding() != null);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // closed: nobody waits any more
        }
    }

    private Item readOne() {
        try {
            return new Item(blocks.next().map(encoder::begin).orElse(null), null);
        } catch (IOException | RuntimeException | Error e) {
            return new Item(null, e);
        }
    }

    /**
     * Takes the next block; empty at the end.
     *
     * @throws IOException if reading failed, once all blocks before that have been taken
     */
    Optional<BlockEncoder.Encoding> next() throws IOException {
        Item item;
        try {
            item = queue.take();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while text was read");
        }
        if (item.failure() != null) {
            throw Failures.asThrown(item.failure());
        }
        return Optional.ofNullable(item.encoding());
    }

    /** Stops the reader. */
    @Override
    public void close() {
        thread.interrupt();
        boolean interrupted = false;
        while (thread.isAlive()) { // what it reads with must not be closed under it
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
