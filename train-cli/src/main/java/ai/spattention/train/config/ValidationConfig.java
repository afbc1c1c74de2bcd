package ai.spattention.train.config;

import ai.spattention.InvalidInputException;
import ai.spattention.eval.probe.ProbeName;
import ai.spattention.eval.probe.ProbeSettings;
import ai.spattention.olmoe.keys.InvalidKeyException;
import ai.spattention.olmoe.keys.Key;
import ai.spattention.olmoe.keys.Range;
import ai.spattention.olmoe.keys.RecordKeys;
import java.util.Set;

/** The loss on held-out text, and what else is asked of the model there. */
public record ValidationConfig(
        @Key(meaning = "steps between two measurements; 0 for one at the end only", unit = "steps", defaultValue = "0")
        @Range(min = 0) int everySteps,
        @Key(meaning = "most sequences that one measurement reads", unit = "sequences", defaultValue = "64")
        @Range(min = 1) int sequences,
        @Key(meaning = "from which length bands are computed: as in training, from a fixed length, or from the sequence at hand",
                defaultValue = "model") LayoutChoice layout,
        @Key(meaning = "probes (docs/probes.md), of loss, position, recall, copy, length and tasks, or all for all but tasks",
                defaultValue = "[]") TextList probes,
        @Key(meaning = "what can be chosen of the probes, as KEY=VALUE, such as copy.sequences=16", defaultValue = "[]")
        TextList probeSettings) {

    private static final RecordKeys<ValidationConfig> KEYS = RecordKeys.of(ValidationConfig.class);

    /**
     * Checks the values.
     *
     * @throws InvalidKeyException if a value is out of range, or there is no such probe or setting
     */
    public ValidationConfig {
        KEYS.check("validation", everySteps, sequences, layout, probes, probeSettings);
        readable("validation.probes", () -> ProbeName.parse(probes.items()));
        readable("validation.probe_settings", () -> ProbeSettings.of(probeSettings.items()));
    }

    private static void readable(String key, Runnable reading) {
        try {
            reading.run();
        } catch (InvalidInputException e) {
            throw new InvalidKeyException(key + ": " + e.getMessage(), key);
        }
    }

    /**
     * The probes.
     *
     * @return the probes, in their own order
     */
    public Set<ProbeName> probeNames() {
        return ProbeName.parse(probes.items());
    }

    /**
     * What is chosen of the probes.
     *
     * @return the settings
     */
    public ProbeSettings probing() {
        return ProbeSettings.of(probeSettings.items());
    }
}
