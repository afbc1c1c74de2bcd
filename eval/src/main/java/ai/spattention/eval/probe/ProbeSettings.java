package ai.spattention.eval.probe;

import ai.spattention.common.InvalidInputException;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * What can be chosen of probes, by key. Lists are whole numbers separated by commas.
 *
 * @param positionEdges {@code position.edges}: where bins of positions begin, from 0 on, ascending; the last one ends with the window.
 *     Default 0,64,128,256,512,1024,1536,2048
 * @param recallWidth {@code recall.width}: the width of a bin of distances; 0, the default, for the width of the first head's band
 * @param recallRarerThan {@code recall.rarer_than}: only bigrams rarer than that share of the training data's count; in
 *     [{@value #LEAST_SHARE}, 1]; default 3e-5
 * @param copyDistances {@code copy.distances}: attention distances from the second copy to the first, ascending, each at least the
 *     copy's tokens; those that do not fit the window are left out. Default
 *     32,64,128,250,264,384,512,768,1000,1024,1500,1900
 * @param copySequences {@code copy.sequences}: sequences a distance, at least 1; default 64
 * @param copyTokens {@code copy.tokens}: tokens of a copy, at least 2; default 32
 * @param copyCommonest {@code copy.commonest}: of how many tokens, the commonest of the training data, copies are made; at least as many
 *     as a copy has; default 4000
 * @param copySeed {@code copy.seed}: the seed of the copies' tokens, at least 0; default 0
 * @param lengths {@code length.lengths}: the lengths to read at, ascending; those that the text does not have are left out. Default
 *     512,1024,4096
 */
public record ProbeSettings(List<Integer> positionEdges, int recallWidth, double recallRarerThan, List<Integer> copyDistances,
        int copySequences, int copyTokens, int copyCommonest, long copySeed, List<Integer> lengths) {

    /** The least share of the training data that makes a bigram common: the smaller, the more of them are counted. */
    public static final double LEAST_SHARE = 1e-6;

    /** The settings that studies use. */
    public static final ProbeSettings DEFAULTS = new ProbeSettings(List.of(0, 64, 128, 256, 512, 1024, 1536, 2048), 0, 3e-5,
            List.of(32, 64, 128, 250, 264, 384, 512, 768, 1000, 1024, 1500, 1900), 64, 32, 4000, 0, List.of(512, 1024, 4096));

    /**
     * Checks the values.
     *
     * @throws InvalidInputException if one is out of range
     */
    public ProbeSettings {
        positionEdges = ascending("position.edges", positionEdges, 0);
        require(positionEdges.get(0) == 0, "position.edges", "must begin with 0", list(positionEdges));
        require(recallWidth >= 0, "recall.width", "must be at least 0", recallWidth);
        require(recallRarerThan >= LEAST_SHARE && recallRarerThan <= 1, "recall.rarer_than", "must lie in [" + LEAST_SHARE + ", 1]",
                recallRarerThan);
        require(copyTokens >= 2, "copy.tokens", "must be at least 2, since the first is not counted", copyTokens);
        copyDistances = ascending("copy.distances", copyDistances, copyTokens);
        require(copySequences >= 1, "copy.sequences", "must be at least 1", copySequences);
        require(copyCommonest >= copyTokens, "copy.commonest", "must be at least copy.tokens = " + copyTokens, copyCommonest);
        require(copySeed >= 0, "copy.seed", "must be at least 0", copySeed);
        lengths = ascending("length.lengths", lengths, 1);
    }

    private static List<Integer> ascending(String key, List<Integer> values, int least) {
        boolean holds = !values.isEmpty() && values.get(0) >= least;
        for (int i = 1; i < values.size(); i++) {
            holds &= values.get(i - 1) < values.get(i);
        }
        require(holds, key, "must be whole numbers of at least " + least + ", ascending, separated by commas", list(values));
        return List.copyOf(values);
    }

    private static void require(boolean holds, String key, String rule, Object value) {
        if (!holds) {
            throw new InvalidInputException("the probes' setting " + key + " " + rule + " (got " + value + ")");
        }
    }

    /**
     * The defaults with some values changed.
     *
     * @param assignments {@code KEY=VALUE}, where a later one takes precedence
     * @return the settings
     * @throws InvalidInputException if there is no such key, or a value is none or out of range
     */
    public static ProbeSettings of(List<String> assignments) {
        Map<String, String> values = new LinkedHashMap<>(DEFAULTS.toMap());
        for (String assignment : assignments) {
            int equals = assignment.indexOf('=');
            String key = equals < 0 ? assignment : assignment.substring(0, equals).strip();
            if (equals < 0 || !values.containsKey(key)) {
                throw new InvalidInputException("the probes' settings are KEY=VALUE with a key of "
                        + String.join(", ", new TreeMap<>(values).keySet()) + " (got " + assignment + ")");
            }
            values.put(key, assignment.substring(equals + 1).strip());
        }
        return new ProbeSettings(wholes(values, "position.edges"), whole(values, "recall.width").intValue(),
                number(values, "recall.rarer_than"), wholes(values, "copy.distances"), whole(values, "copy.sequences").intValue(),
                whole(values, "copy.tokens").intValue(), whole(values, "copy.commonest").intValue(), whole(values, "copy.seed"),
                wholes(values, "length.lengths"));
    }

    private static List<Integer> wholes(Map<String, String> values, String key) {
        try {
            return Arrays.stream(values.get(key).split(",", -1)).map(String::strip).map(Integer::valueOf).toList();
        } catch (NumberFormatException e) {
            throw noNumber(key, "whole numbers separated by commas", values.get(key), e);
        }
    }

    private static Long whole(Map<String, String> values, String key) {
        try {
            long value = Long.parseLong(values.get(key));
            return key.equals("copy.seed") ? value : Long.valueOf(Math.toIntExact(value));
        } catch (NumberFormatException | ArithmeticException e) {
            throw noNumber(key, "a whole number", values.get(key), e);
        }
    }

    private static double number(Map<String, String> values, String key) {
        try {
            return Double.parseDouble(values.get(key));
        } catch (NumberFormatException e) {
            throw noNumber(key, "a number", values.get(key), e);
        }
    }

    private static InvalidInputException noNumber(String key, String what, String value, RuntimeException cause) {
        return new InvalidInputException("the probes' setting " + key + " must be " + what + " (got '" + value + "')", cause);
    }

    /**
     * The values by key, as {@link #of} reads them.
     *
     * @return all keys, in the order of the components
     */
    public Map<String, String> toMap() {
        Map<String, String> values = new LinkedHashMap<>();
        values.put("position.edges", list(positionEdges));
        values.put("recall.width", Integer.toString(recallWidth));
        values.put("recall.rarer_than", Double.toString(recallRarerThan));
        values.put("copy.distances", list(copyDistances));
        values.put("copy.sequences", Integer.toString(copySequences));
        values.put("copy.tokens", Integer.toString(copyTokens));
        values.put("copy.commonest", Integer.toString(copyCommonest));
        values.put("copy.seed", Long.toString(copySeed));
        values.put("length.lengths", list(lengths));
        return values;
    }

    private static String list(List<Integer> values) {
        return values.stream().map(String::valueOf).collect(Collectors.joining(","));
    }
}
