package ai.spattention.olmoe.config;

import ai.spattention.common.InvalidInputException;
import ai.spattention.pattern.AttentionPattern;
import ai.spattention.pattern.Patterns;
import ai.spattention.pattern.StandardPattern;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.stream.Collectors;

/**
 * The attention patterns of a model's layers: one for all, or several that repeat from the first layer on. Three layers of {@code
 * sp} to one of {@code causal}, say, are the list {@code [sp, sp, sp, causal]}.
 *
 * @param cycle the patterns of the first layers; a single one where all are the same
 */
public record LayerPatterns(List<AttentionPattern> cycle) {

    /** Checks the patterns and brings them into their normal form. */
    public LayerPatterns {
        if (cycle.isEmpty()) {
            throw new InvalidInputException("attention_pattern needs at least one pattern (got an empty list)");
        }
        cycle.forEach(Patterns::requireOwnName);
        cycle = cycle.stream().allMatch(cycle.get(0)::equals) ? List.of(cycle.get(0)) : List.copyOf(cycle);
    }

    /**
     * One pattern for all layers.
     *
     * @param pattern the pattern
     * @return the layers' patterns
     */
    public static LayerPatterns all(AttentionPattern pattern) {
        return new LayerPatterns(List.of(pattern));
    }

    /**
     * Finds patterns by their names.
     *
     * @param names one name for all layers, or several that repeat
     * @param patterns where they are looked up
     * @return the layers' patterns
     * @throws InvalidInputException if there is no name, or no pattern has one of them
     */
    public static LayerPatterns named(List<String> names, Patterns patterns) {
        List<AttentionPattern> found = new ArrayList<>();
        names.forEach(name -> found.add(patterns.of(name)));
        return new LayerPatterns(found);
    }

    /**
     * Reads patterns as people write them, and as {@link #toString} does.
     *
     * @param text one name, or several with commas between them; brackets around them change nothing
     * @param patterns where they are looked up
     * @return the layers' patterns
     * @throws InvalidInputException if there is no name, or no pattern has one of them
     */
    public static LayerPatterns parse(String text, Patterns patterns) {
        boolean bracketed = text.startsWith("[") && text.endsWith("]");
        String names = bracketed ? text.substring(1, text.length() - 1) : text;
        return text.contains(",") || bracketed ? named(List.of(names.strip().split("\\s*,\\s*", -1)), patterns) : named(List.of(text), patterns);
    }

    /**
     * A layer's pattern.
     *
     * @param layer from 0
     * @return the pattern
     */
    public AttentionPattern of(int layer) {
        return cycle.get(layer % cycle.size());
    }

    /**
     * Whether all layers have one pattern.
     *
     * @return true if so
     */
    public boolean isUniform() {
        return cycle.size() == 1;
    }

    /**
     * Whether all layers have dense causal attention.
     *
     * @return true if so
     */
    public boolean isCausal() {
        return isUniform() && cycle.get(0) == StandardPattern.CAUSAL;
    }

    /**
     * The patterns that occur.
     *
     * @return each once, in the order in which they first occur
     */
    public List<AttentionPattern> distinct() {
        return List.copyOf(new LinkedHashSet<>(cycle));
    }

    /**
     * The patterns' names.
     *
     * @return the names in the order of the cycle
     */
    public List<String> names() {
        return cycle.stream().map(AttentionPattern::patternName).toList();
    }

    /** For people: the name, or the names in brackets as a configuration has them. */
    @Override
    public String toString() {
        return isUniform() ? names().get(0) : names().stream().collect(Collectors.joining(", ", "[", "]"));
    }
}
