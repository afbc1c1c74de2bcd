package ai.spattention.train.study.result;

import ai.spattention.eval.measure.Bin;
import java.util.List;

/**
 * What a probe measured on a finished model.
 *
 * @param probe what was measured, one of {@link MeasurementName}'s, or a name of the prober's own, which is shown by that name
 * @param layout how bands were laid out: {@code fixed} at the training length, or {@code sequence}, by the sequence at hand
 * @param set the text that it was measured on, such as {@code validation}; empty for what has no text of its own
 * @param unit what the values are counted in, such as {@code nats per token}
 * @param isLossLike whether less is better, as of losses; more is, of scores and margins
 * @param bins the bins in order, each label once
 */
public record Measurement(String probe, String layout, String set, String unit, boolean isLossLike, List<Bin> bins) {

    /**
     * Checks the bins.
     *
     * @throws IllegalArgumentException if a label comes twice, or a value is not finite
     */
    public Measurement {
        bins = List.copyOf(bins);
        if (bins.stream().map(Bin::label).distinct().count() < bins.size()) {
            throw new IllegalArgumentException("probe '" + probe + "' has two bins of one label");
        }
        if (bins.stream().anyMatch(bin -> !bin.moments().isFinite() || !bin.windows().isFinite())) {
            throw new IllegalArgumentException("probe '" + probe + "' gave no finite number: the model has diverged");
        }
    }
}
