package ai.spattention.train.bench;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * From which length on a pattern is faster than dense attention, forward and backward together, and by which kernel. The fastest repetition
 * of each counts: whatever else the machine does only adds to a time.
 *
 * @param pattern the pattern
 * @param best the fastest kernel at each length N
 */
public record BreakEven(String pattern, SortedMap<Integer, Best> best) {

    private static final String CAUSAL = "causal";

    /**
     * The fastest kernel at a length.
     *
     * @param kernel its name
     * @param timesFaster the time of dense causal attention by its fastest kernel, over this kernel's; above 1 the pattern is faster
     */
    public record Best(String kernel, double timesFaster) {}

    /**
     * Compares with the dense attention of the same run.
     *
     * @param rows what was measured
     * @return an entry for each pattern but causal, in the rows' order; none without causal
     */
    public static List<BreakEven> of(List<AttentionBench.Row> rows) {
        List<BreakEven> all = new ArrayList<>();
        for (String pattern : rows.stream().map(AttentionBench.Row::pattern).distinct().toList()) {
            SortedMap<Integer, Best> best = new TreeMap<>();
            for (int length : rows.stream().map(AttentionBench.Row::length).distinct().toList()) {
                OptionalDouble causal = at(rows, CAUSAL, length).stream().mapToDouble(AttentionBench.Row::leastForwardBackwardMs).min();
                at(rows, pattern, length).stream().min(Comparator.comparingDouble(AttentionBench.Row::leastForwardBackwardMs))
                        .filter(row -> causal.isPresent())
                        .ifPresent(row -> best.put(length, new Best(row.kernel(), causal.getAsDouble() / row.leastForwardBackwardMs())));
            }
            if (!pattern.equals(CAUSAL) && !best.isEmpty()) {
                all.add(new BreakEven(pattern, best));
            }
        }
        return all;
    }

    private static List<AttentionBench.Row> at(List<AttentionBench.Row> rows, String pattern, int length) {
        return rows.stream().filter(row -> row.pattern().equals(pattern) && row.length() == length).toList();
    }

    /**
     * The least of the lengths from which on the pattern is faster than dense attention.
     *
     * @return a measured length; empty if it is slower at the longest
     */
    public OptionalInt fasterFrom() {
        OptionalInt from = OptionalInt.empty();
        for (Map.Entry<Integer, Best> entry : best.entrySet()) {
            boolean faster = entry.getValue().timesFaster > 1;
            from = !faster ? OptionalInt.empty() : from.isPresent() ? from : OptionalInt.of(entry.getKey());
        }
        return from;
    }

    /**
     * Which kernel is the fastest from which length on.
     *
     * @return the kernels' names by the first length of each stretch, the shortest first
     */
    public SortedMap<Integer, String> kernels() {
        SortedMap<Integer, String> kernels = new TreeMap<>();
        best.forEach((length, fastest) -> {
            if (kernels.isEmpty() || !kernels.get(kernels.lastKey()).equals(fastest.kernel)) {
                kernels.put(length, fastest.kernel);
            }
        });
        return kernels;
    }

    /** For people: {@code masked from 128, tiled from 512}. */
    public String kernelsText() {
        return kernels().entrySet().stream().map(entry -> entry.getValue() + " from " + entry.getKey()).collect(Collectors.joining(", "));
    }
}
