package ai.spattention.train.checkpoint;

import ai.spattention.common.InvalidInputException;
import java.util.Map;
import java.util.TreeMap;

/**
 * Where a run stands, besides its arrays. What was learned from is counted in tokens, which no setting changes.
 *
 * @param formatVersion {@value #VERSION}
 * @param step the optimizer steps done, skipped ones included
 * @param updates the optimizer updates done
 * @param tokens the tokens learned from
 * @param elapsedSeconds the time spent so far
 * @param dataFingerprint what the data was, {@link ai.spattention.train.data.Manifest#fingerprint()}
 * @param settings the run's configuration, each value as text by its key ({@code data.sequence_length}); of a state of version 1
 *     only what can be told from it
 * @param unrecorded what was measured in the step, as a line of the metrics, if it was not in their file yet; else empty
 */
public record TrainingState(int formatVersion, long step, long updates, long tokens, double elapsedSeconds,
        String dataFingerprint, Map<String, String> settings, String unrecorded) {

    /** The format that this program writes. Version 1 had no number, counted sequences and kept the model as one text. */
    public static final int VERSION = 2;

    /**
     * Checks the numbers.
     *
     * @throws InvalidInputException if one cannot be
     */
    public TrainingState {
        if (step < 0 || updates < 0 || updates > step || tokens < 0 || step == 0 && tokens > 0 || !(elapsedSeconds >= 0)
                || Double.isInfinite(elapsedSeconds)) {
            throw new InvalidInputException("no run stands at step " + step + " after " + updates + " updates, " + tokens
                    + " tokens and " + elapsedSeconds + " seconds");
        }
        settings = Map.copyOf(settings);
    }

    /** In the order of the keys, for a file that people read. */
    @Override
    public Map<String, String> settings() {
        return new TreeMap<>(settings);
    }
}
