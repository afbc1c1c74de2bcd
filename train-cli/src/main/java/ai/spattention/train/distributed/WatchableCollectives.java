package ai.spattention.train.distributed;

import java.util.Optional;

/** What a {@link HangWatch} asks of a backend, from a thread of its own. */
interface WatchableCollectives extends Collectives {

    /** The present moment in the order in which the backend works. */
    Moment moment();

    /** Why nothing that was begun will come to its end, if the backend knows. */
    Optional<String> failure();

    /** Ends the other processes, too, where the backend can; this process ends in any case after it. */
    void kill();
}
