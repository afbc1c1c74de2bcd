package ai.spattention.train.loop;

import ai.spattention.common.InvalidInputException;
import ai.spattention.train.checkpoint.TrainingState;
import ai.spattention.train.config.RunConfig;
import ai.spattention.train.config.RunConfigWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Whether a run can go on from a checkpoint with its settings of today. Refused is what would make the checkpoint's numbers mean
 * something else: another model, other data, another order of the data, another length of a sequence (the place in the data
 * would be another), and another number of sequences a step (steps, and with them the schedule, would be others). Everything
 * else may change, as the learning rate or the number of steps do in practice, and takes effect from the next step on.
 */
final class ResumeCheck {

    private ResumeCheck() {}

    /**
     * Compares.
     *
     * @param checkpoint the checkpoint's folder, for messages
     * @param state what it says
     * @param now the settings of today
     * @param dataFingerprint what the data is today
     * @return the settings that are others than before, one by one
     * @throws InvalidInputException if one of them may not be
     */
    static List<String> changes(Path checkpoint, TrainingState state, RunConfig now, String dataFingerprint) {
        String begin = "the checkpoint " + checkpoint + " belongs to another ";
        if (!state.dataFingerprint().equals(dataFingerprint)) {
            throw new InvalidInputException(begin + "data: its fingerprint is " + state.dataFingerprint() + ", that of data.path "
                    + now.data().path() + " is " + dataFingerprint + ": set data.path to the data that it was made with, or begin a"
                    + " new run in another folder");
        }
        List<String> refused = new ArrayList<>();
        List<String> changed = new ArrayList<>();
        Map<String, String> settings = RunConfigWriter.settings(now);
        Map<String, String> then = new TreeMap<>(state.settings());
        if (then.containsKey("seed")) {
            then.putIfAbsent("data.seed", then.get("seed")); // there was one seed for both
        }
        then.forEach((key, before) -> {
            String value = settings.get(key);
            if (value != null && !value.equals(before)) {
                (isFixed(key) ? refused : changed).add(key + " is " + value + ", the checkpoint's is " + before);
            }
        });
        if (!refused.isEmpty()) {
            String first = refused.get(0);
            throw new InvalidInputException(begin + (first.startsWith("model.") ? "model" : first.startsWith("seed") ? "seed"
                    : first.startsWith("data.seed") ? "order of the data" : "run")
                    + ": " + String.join("; ", refused)
                    + ": resume with what it was made with, or begin a new run in another folder");
        }
        if (state.tokens() != state.step() * now.tokensPerStep()) {
            long sequences = state.tokens() / state.step() / now.data().sequenceLength();
            throw new InvalidInputException(begin + "run: a step of it takes " + sequences + " sequences, now training.micro_batch "
                    + now.training().microBatch() + " times training.gradient_accumulation_steps "
                    + now.training().gradientAccumulationSteps() + " are taken: set both such that their product is " + sequences
                    + ", or begin a new run in another folder");
        }
        if (now.training().steps() < state.step()) {
            throw new InvalidInputException("the checkpoint " + checkpoint + " is of a later step than training.steps "
                    + now.training().steps() + ": set training.steps to at least " + state.step());
        }
        return changed;
    }

    /** The kernel computes the same in another way. */
    private static boolean isFixed(String key) {
        return List.of("seed", "data.seed", "data.sequence_length").contains(key)
                || key.startsWith("model.") && !key.equals("model.kernel");
    }
}
