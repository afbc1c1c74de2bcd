package ai.spattention.olmoe.io;

import java.io.Closeable;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * What something has opened, closed together: the last first, and each one even if closing another fails. A constructor that
 * opens several things adds them here and, where it fails itself, closes those that it had opened:
 *
 * <pre>{@code
 * try {
 *     file = resources.add(open(path));
 *     ...
 * } catch (Throwable e) {
 *     resources.closeAfter(e);
 *     throw e;
 * }
 * }</pre>
 *
 * <p>Not safe for use by several threads.
 */
public final class Resources implements Closeable {

    private final Deque<AutoCloseable> open = new ArrayDeque<>();

    /**
     * Closes things, each one even if closing another fails.
     *
     * @param resources what is to be closed, the last first
     * @throws IOException if closing something failed; what failed after it is added as suppressed
     */
    public static void closeAll(Iterable<? extends AutoCloseable> resources) throws IOException {
        Resources all = new Resources();
        resources.forEach(all::add);
        all.close();
    }

    /**
     * Takes something over.
     *
     * @param resource what is to be closed
     * @param <T> its class
     * @return the same
     */
    public <T extends AutoCloseable> T add(T resource) {
        open.push(resource);
        return resource;
    }

    /**
     * Closes everything because something failed; failures of closing are added to that one as suppressed.
     *
     * @param failure what failed
     */
    public void closeAfter(Throwable failure) {
        while (!open.isEmpty()) {
            try {
                open.pop().close();
            } catch (Throwable e) { // an error, too, must not keep the others open
                failure.addSuppressed(e);
            }
        }
    }

    /**
     * Closes everything; closing again does nothing.
     *
     * @throws IOException if closing something failed; what failed after it is added as suppressed
     */
    @Override
    public void close() throws IOException {
        while (!open.isEmpty()) {
            try {
                open.pop().close();
            } catch (IOException | RuntimeException | Error e) {
                closeAfter(e);
                throw e;
            } catch (Exception e) {
                closeAfter(e);
                throw new IOException(e.getMessage(), e);
            }
        }
    }
}
