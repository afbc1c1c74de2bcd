package ai.spattention.train.distributed;

import java.util.Optional;
import java.util.function.Consumer;

/** Ends this process with exit code 1, whatever its threads do: one that is stuck in native code can be reached in no other way. */
final class ProcessEnd implements Consumer<Optional<WatchableCollectives>> {

    private static final long MILLIS_TO_TELL_OTHERS = 5_000;

    @Override
    public void accept(Optional<WatchableCollectives> backend) {
        backend.ifPresent(collectives -> {
            Thread thread = new Thread(collectives::kill, "end of the other ranks");
            thread.setDaemon(true);
            thread.start();
            try {
                thread.join(MILLIS_TO_TELL_OTHERS); // it may be stuck, too
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        Runtime.getRuntime().halt(1);
    }
}
