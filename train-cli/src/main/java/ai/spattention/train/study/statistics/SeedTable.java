package ai.spattention.train.study.statistics;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/**
 * A balanced table: one value for every arm and seed.
 *
 * @param arms the arms, those without any value left out
 * @param seeds the seeds that every arm has a value of, ascending
 * @param values for each arm, the value of each seed
 * @param leftOut seeds that some arm has no value of: their values are not used
 * @param missing arms without any value
 */
public record SeedTable(List<String> arms, List<Long> seeds, List<List<Double>> values, List<Long> leftOut, List<String> missing) {

    /** Copies the lists. */
    public SeedTable {
        arms = List.copyOf(arms);
        seeds = List.copyOf(seeds);
        values = List.copyOf(values);
        leftOut = List.copyOf(leftOut);
        missing = List.copyOf(missing);
    }

    /**
     * Balances what was measured: only seeds that all arms have are comparable, for seeds differ by more than arms.
     *
     * @param arms the arms in the order in which they are to stand
     * @param measured for each arm, the values by seed
     * @return the table, without a seed if no seed is complete
     * @throws IllegalArgumentException if a value is not finite
     */
    public static SeedTable of(List<String> arms, Map<String, Map<Long, Double>> measured) {
        List<String> present = arms.stream().filter(arm -> !measured.getOrDefault(arm, Map.of()).isEmpty()).toList();
        TreeSet<Long> all = new TreeSet<>();
        present.forEach(arm -> all.addAll(measured.get(arm).keySet()));
        List<Long> complete = all.stream().filter(seed -> present.stream().allMatch(arm -> measured.get(arm).containsKey(seed))).toList();
        List<List<Double>> values = new ArrayList<>();
        for (String arm : present) {
            values.add(complete.stream().map(seed -> finite(arm, seed, measured.get(arm).get(seed))).toList());
        }
        return new SeedTable(present, complete, values, all.stream().filter(seed -> !complete.contains(seed)).toList(),
                arms.stream().filter(arm -> !present.contains(arm)).toList());
    }

    private static double finite(String arm, long seed, double value) {
        if (!Double.isFinite(value)) {
            throw new IllegalArgumentException("the value of arm '" + arm + "' and seed " + seed + " is not finite (got " + value + ")");
        }
        return value;
    }

    /**
     * An arm's values.
     *
     * @param arm the arm
     * @return the value of each seed
     * @throws IllegalArgumentException if the table has no such arm
     */
    public List<Double> values(String arm) {
        int index = arms.indexOf(arm);
        if (index < 0) {
            throw new IllegalArgumentException("the table has no arm '" + arm + "', only " + arms);
        }
        return values.get(index);
    }
}
