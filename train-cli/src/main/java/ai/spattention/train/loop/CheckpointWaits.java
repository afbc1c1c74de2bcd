package ai.spattention.train.loop;

import java.util.Locale;
import java.util.function.Consumer;

/** Tells, once, that a run waits because checkpoints are written more slowly than they come. */
final class CheckpointWaits {

    /** Waits shorter than this, seconds, are not worth a word. */
    static final double TELLING = 1;

    private final Consumer<String> notes;
    private boolean told;

    CheckpointWaits(Consumer<String> notes) {
        this.notes = notes;
    }

    /**
     * Notes a wait.
     *
     * @param written the step whose checkpoint was still being written
     * @param due the step whose checkpoint could not begin before
     * @param seconds how long the run waited
     */
    void waited(long written, long due, double seconds) {
        if (told || seconds < TELLING) {
            return;
        }
        told = true;
        notes.accept(String.format(Locale.ROOT, "the checkpoint of step %d was still being written when that of step %d was due: the run waited"
                + " %.1f s for it (later waits are not told); raise checkpoint.every_steps, or write to a faster disk", written, due, seconds));
    }
}
