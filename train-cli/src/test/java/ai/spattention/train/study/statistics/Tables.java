package ai.spattention.train.study.statistics;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Tables for tests. */
final class Tables {

    private Tables() {}

    /** Arms a0, a1, ... with a value for each of the seeds 1, 2, ... */
    static SeedTable of(double[]... arms) {
        Map<String, Map<Long, Double>> values = new LinkedHashMap<>();
        for (int arm = 0; arm < arms.length; arm++) {
            Map<Long, Double> bySeed = new LinkedHashMap<>();
            for (int seed = 0; seed < arms[arm].length; seed++) {
                bySeed.put(seed + 1L, arms[arm][seed]);
            }
            values.put("a" + arm, bySeed);
        }
        return SeedTable.of(new ArrayList<>(values.keySet()), values);
    }

    static List<Comparison> compare(double margin, double[]... arms) {
        return Comparison.withReference(AdditiveModel.fit(of(arms)), "a0", margin);
    }
}
