package ai.spattention.train.study.result;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A finished run of a study, {@value #FILE_NAME} in its folder. There is none before the run is finished.
 *
 * @param formatVersion {@value #VERSION}; 1, which writes out counts of windows that are all alike, is taken up as that
 * @param part the study's part, such as {@code breadth}
 * @param arm the arm's name
 * @param seed the seed of weights and order of data
 * @param configurationDigest SHA-256 of the run's resolved configuration, in hexadecimal digits
 * @param dataDigest what the run learnt from and was measured on, likewise
 * @param steps optimizer steps
 * @param tokens tokens learnt from
 * @param totalParams the model's parameters
 * @param activeParams those that a token uses
 * @param heldOut the final losses on texts unseen, by their names
 * @param probes what probes measured, by window; by block of windows in a run that comes from {@value StudyResult#FILE_NAME}
 * @param curve the training loss on the way
 * @param tokensPerSecond the median throughput of its steps
 * @param device what it ran on, for people
 */
public record RunResult(int formatVersion, String part, String arm, long seed, String configurationDigest, String dataDigest,
        long steps, long tokens, long totalParams, long activeParams, Map<String, HeldOutLoss> heldOut, List<Measurement> probes,
        List<CurvePoint> curve, double tokensPerSecond, String device) {

    /** The format that this program writes. */
    public static final int VERSION = 2;

    /** The file's name in the run's folder. */
    public static final String FILE_NAME = "result.json";

    /**
     * Checks the numbers.
     *
     * @throws IllegalArgumentException if a number cannot be, or no loss was measured
     */
    public RunResult {
        if (formatVersion < 1 || formatVersion > VERSION) {
            throw new IllegalArgumentException("a run's result has format version 1 to " + VERSION + " (got " + formatVersion + ")");
        }
        formatVersion = VERSION;
        if (steps < 1 || tokens < 1 || activeParams < 1 || totalParams < activeParams
                || !(tokensPerSecond > 0) || Double.isInfinite(tokensPerSecond)) {
            throw new IllegalArgumentException("no run has " + steps + " steps, " + tokens + " tokens, " + totalParams + " parameters, "
                    + activeParams + " of them active, and " + tokensPerSecond + " tokens a second");
        }
        if (heldOut.isEmpty()) {
            throw new IllegalArgumentException("a run's result needs the loss on at least one held-out set");
        }
        heldOut = Collections.unmodifiableMap(new LinkedHashMap<>(heldOut));
        probes = List.copyOf(probes);
        curve = List.copyOf(curve);
    }

    /**
     * The run among the others of its study.
     *
     * @return part, arm and seed, for people
     */
    public String name() {
        return part + " " + arm + " seed " + seed;
    }
}
