package ai.spattention.train.config;

import ai.spattention.common.InvalidInputException;
import ai.spattention.eval.probe.ProbeName;
import ai.spattention.eval.probe.ProbeSettings;
import java.util.Set;

/**
 * The loss on held-out text, and what else is asked of the model there.
 *
 * @param everySteps steps between two measurements, at least 0; 0, the default, for one at the end only
 * @param sequences the most sequences that one measurement reads, at least 1; default 64
 * @param layout from which length bands are computed; default {@code model}
 * @param probes the probes, of loss, position, recall, copy, length and tasks, or all for all but tasks; default none
 * @param probeSettings what can be chosen of the probes, as KEY=VALUE; default nothing
 */
public record ValidationConfig(int everySteps, int sequences, LayoutChoice layout, TextList probes, TextList probeSettings)
        implements Section {

    /**
     * Checks the values.
     *
     * @throws InvalidInputException if a value is out of range, or there is no such probe or setting
     */
    public ValidationConfig {
        Require.atLeast("validation.every_steps", everySteps, 0);
        Require.atLeast("validation.sequences", sequences, 1);
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
