package ai.spattention.train.study.config;

import ai.spattention.train.study.result.SpeedUp;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A study's configuration, checked as far as it goes without the runs' own configurations and the data ({@link StudyPlan} checks those).
 *
 * @param name the study's name
 * @param text the file's text
 * @param base the configuration of a run that all arms start from: a preset's name, or a {@code .yaml} file beside the study's
 * @param settings what all arms override of it, each value as text by its key
 * @param data the folder of prepared data, as {@code prepare} wrote it
 * @param heldOut names of the data's held-out sets, the first of which decides; empty for all, in their own order
 * @param reference the arm that the others are compared with
 * @param margin nats a token by which models may differ and still be called equal, above 0
 * @param arms the arms in the order in which they are shown, at least two
 * @param parts the parts in the order in which they run; the first one's differences decide
 * @param probes what is measured on every finished model; may be empty
 * @param speedUps how much faster whole steps of arms are than the reference's, measured elsewhere; may be empty
 * @param deviations what is done otherwise than planned, a sentence each; may be empty
 */
public record StudyConfig(String name, String text, String base, Map<String, String> settings, String data, List<String> heldOut,
        String reference, double margin, List<ArmConfig> arms, List<PartConfig> parts, List<String> probes, List<SpeedUp> speedUps,
        List<String> deviations) {

    /** Copies what could change. */
    public StudyConfig {
        settings = Collections.unmodifiableMap(new LinkedHashMap<>(settings));
        heldOut = List.copyOf(heldOut);
        arms = List.copyOf(arms);
        parts = List.copyOf(parts);
        probes = List.copyOf(probes);
        speedUps = List.copyOf(speedUps);
        deviations = List.copyOf(deviations);
    }

    /**
     * The same study with other data.
     *
     * @param folder the folder of prepared data
     * @return the changed configuration
     */
    public StudyConfig withData(String folder) {
        return new StudyConfig(name, text, base, settings, folder, heldOut, reference, margin, arms, parts, probes, speedUps, deviations);
    }

    /**
     * An arm.
     *
     * @param arm the name of one of the arms
     * @return the arm
     */
    public ArmConfig arm(String arm) {
        return arms.stream().filter(each -> each.name().equals(arm)).findFirst().orElseThrow();
    }
}
