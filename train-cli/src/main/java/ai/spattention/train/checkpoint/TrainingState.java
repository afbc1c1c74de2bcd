package ai.spattention.train.checkpoint;

import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;

/**
 * Where a run stands, besides its arrays.
 *
 * @param step the optimizer steps done, skipped ones included
 * @param updates the optimizer updates done
 * @param sequences the training sequences consumed
 * @param tokens the tokens learned from
 * @param elapsedSeconds the time spent so far
 * @param seed the run's seed
 * @param dataFingerprint what the data was, {@link ai.spattention.train.data.Manifest#fingerprint()}
 * @param model what the model is, as text; another model cannot take the state up
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
public record TrainingState(long step, long updates, long sequences, long tokens, double elapsedSeconds, long seed,
        String dataFingerprint, String model) {}
