package ai.spattention.eval.probe;

import ai.spattention.eval.measure.Bin;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What a probe gave.
 *
 * @param probe the probe's name
 * @param version the version of its definition: numbers of different versions are not to be compared
 * @param text what the numbers are about: the held-out text, or the task
 * @param measure what is measured: {@code loss}, {@code bits_per_byte}, {@code copy_score}, {@code margin} or {@code acc}
 * @param unit the unit of the values, such as {@code nats a token}
 * @param length N, the tokens that the model reads together; for tasks the most
 * @param layout the layout length: a number, or {@code sequence}
 * @param settings what else the numbers depend on, by name
 * @param bins the values
 */
public record ProbeResult(String probe, int version, String text, String measure, String unit, int length, String layout,
        Map<String, String> settings, List<Bin> bins) {

    /** Copies settings and bins. */
    public ProbeResult {
        settings = Collections.unmodifiableMap(new LinkedHashMap<>(settings));
        bins = List.copyOf(bins);
    }
}
