package ai.spattention.train.checkpoint;

import ai.spattention.common.InvalidInputException;
import ai.spattention.train.distributed.Collectives;
import java.io.IOException;
import java.util.concurrent.CompletionException;

/** What each rank does for itself, and all go on from together: if it fails on one, it has failed for all. */
final class Agreement {

    private static final int BAD_INPUT = 1;
    private static final int FAILED = 2;

    private final Collectives collectives;

    Agreement(Collectives collectives) {
        this.collectives = collectives;
    }

    /** What a rank does. */
    @FunctionalInterface
    interface Action {

        void run() throws IOException;
    }

    /**
     * Acts, and waits until all ranks have.
     *
     * @param what what they do, for ranks that must end because of another: "write the checkpoint of step 5"
     * @param action this rank's part
     * @throws IOException this rank's own failure, or one that names the first rank that failed
     */
    void require(String what, Action action) throws IOException {
        Throwable failure = failureOf(action);
        double[] failed = new double[collectives.size()];
        failed[collectives.rank()] = failure == null ? 0 : failure instanceof InvalidInputException ? BAD_INPUT : FAILED;
        try {
            failed = collectives.sum(failed);
        } catch (RuntimeException e) { // others are gone, which matters less than why this one fails
            if (failure == null) {
                throw e;
            }
        }
        if (failure != null) {
            rethrow(failure);
        }
        for (int rank = 0; rank < failed.length; rank++) {
            if (failed[rank] != 0) {
                String message = "rank " + rank + " of " + failed.length + " could not " + what + ": its own message says why";
                if (failed[rank] == BAD_INPUT) {
                    throw new InvalidInputException(message);
                }
                throw new IOException(message);
            }
        }
    }

    private static Throwable failureOf(Action action) {
        try {
            action.run();
            return null;
        } catch (CompletionException e) { // of another thread
            return e.getCause();
        } catch (Throwable e) {
            return e;
        }
    }

    private static void rethrow(Throwable failure) throws IOException {
        if (failure instanceof IOException e) {
            throw e;
        }
        if (failure instanceof RuntimeException e) {
            throw e;
        }
        if (failure instanceof Error e) {
            throw e;
        }
        throw new IOException(failure);
    }
}
