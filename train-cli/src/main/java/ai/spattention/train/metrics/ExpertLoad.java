package ai.spattention.train.metrics;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Arithmetic of expert load: an expert's share of the tokens that its layer routed. */
public final class ExpertLoad {

    /** Shares are kept to five decimals, so that a line of metrics stays short. */
    private static final double PRECISION = 1e5;

    private ExpertLoad() {}

    /** Counts to shares; a layer without tokens gives zeros. */
    static List<List<Double>> shares(long[][] tokensPerExpert) {
        List<List<Double>> layers = new ArrayList<>();
        for (long[] counts : tokensPerExpert) {
            double total = Math.max(1, Arrays.stream(counts).sum());
            layers.add(Arrays.stream(counts).mapToObj(count -> Math.round(count / total * PRECISION) / PRECISION).toList());
        }
        return layers;
    }

    /**
     * How evenly a layer uses its experts: the load's entropy as a fraction of the largest possible,
     * -Σ p log p / log X.
     *
     * @param shares the experts' shares
     * @return 0 (one expert does everything) to 1 (all the same); 1 for a single expert
     */
    public static double evenness(List<Double> shares) {
        if (shares.size() < 2) {
            return 1;
        }
        double entropy = 0;
        for (double share : shares) {
            entropy -= share > 0 ? share * Math.log(share) : 0;
        }
        return entropy / Math.log(shares.size());
    }
}
