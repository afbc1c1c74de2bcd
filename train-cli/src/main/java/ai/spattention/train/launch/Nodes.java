package ai.spattention.train.launch;

import java.io.Closeable;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/** The launchers of a run's machines, which end and go on together. */
interface Nodes extends Closeable {

    /** One machine. */
    Nodes ALONE = new Nodes() {

        @Override
        public void failed(int attempt, Failure failure) {
            // nobody else has to end
        }

        @Override
        public CompletableFuture<Optional<Failure>> meet(int attempt, Optional<Failure> here) {
            return CompletableFuture.completedFuture(here);
        }

        @Override
        public void close() {
            // nothing is open
        }
    };

    /**
     * Tells the others at once that a worker here failed.
     *
     * @param attempt the attempt
     * @param failure how
     */
    void failed(int attempt, Failure failure);

    /**
     * Tells the others that all workers here have ended, and waits until theirs have.
     *
     * @param attempt the attempt
     * @param here the first failure here
     * @return the first failure of all machines, the same on all
     */
    CompletableFuture<Optional<Failure>> meet(int attempt, Optional<Failure> here);
}
