package ai.spattention.pattern;

import ai.spattention.InvalidInputException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.stream.Collectors;

/**
 * The patterns that are found by their names, such as those in saved models: the standard ones and others, no two of one name.
 * Immutable.
 */
public final class Patterns {

    private final Map<String, AttentionPattern> byName;

    private Patterns(Map<String, AttentionPattern> byName) {
        this.byName = byName;
    }

    /**
     * The standard patterns.
     *
     * @return the patterns that come with this project
     */
    public static Patterns standard() {
        Map<String, AttentionPattern> standard = new LinkedHashMap<>();
        for (StandardPattern pattern : StandardPattern.values()) {
            standard.put(pattern.patternName(), pattern);
        }
        return new Patterns(Collections.unmodifiableMap(standard));
    }

    /**
     * The standard patterns and those of the class path: classes that a file {@code
     * META-INF/services/ai.spattention.pattern.AttentionPattern} lists, as {@link ServiceLoader} finds them.
     *
     * @return the patterns
     * @throws InvalidInputException if one of them cannot be made, or two have one name
     */
    public static Patterns onClassPath() {
        List<AttentionPattern> found = new ArrayList<>();
        try {
            ServiceLoader.load(AttentionPattern.class).forEach(found::add);
        } catch (ServiceConfigurationError e) {
            throw new InvalidInputException("an attention pattern of the class path cannot be used: " + e.getMessage()
                    + "; mend the class or its line in META-INF/services/" + AttentionPattern.class.getName(), e);
        }
        return standard().with(found.toArray(AttentionPattern[]::new));
    }

    /**
     * These patterns and others. Another instance of a class that is there already, set up in another way, takes its place.
     *
     * @param others further patterns
     * @return all of them
     * @throws InvalidInputException if two have one name
     */
    public Patterns with(AttentionPattern... others) {
        Map<String, AttentionPattern> all = new LinkedHashMap<>(byName);
        for (AttentionPattern pattern : others) {
            requireOwnName(pattern);
            AttentionPattern before = all.put(pattern.patternName(), pattern);
            if (before != null && before.getClass() != pattern.getClass()) {
                throw new InvalidInputException("two attention patterns are called '" + pattern.patternName() + "': "
                        + before.getClass().getName() + " and " + pattern.getClass().getName() + "; give each a name of its own");
            }
        }
        return new Patterns(Collections.unmodifiableMap(all));
    }

    /**
     * Finds a pattern.
     *
     * @param name the pattern's name, for some with a setting ({@link #namesWithSettings})
     * @return the pattern
     * @throws InvalidInputException if none has the name
     */
    public AttentionPattern of(String name) {
        Optional<PatternFamily> family = PatternFamily.of(name);
        if (family.isPresent()) {
            return family.get().named().apply(name);
        }
        AttentionPattern pattern = byName.get(name);
        if (pattern == null) {
            throw new InvalidInputException("unknown attention pattern '" + name + "': choose one of "
                    + String.join(", ", byName.keySet()) + ", " + namesWithSettings() + "; a pattern of your own is found if its class is on"
                    + " the class path and listed in META-INF/services/" + AttentionPattern.class.getName()
                    + ", or if it is passed where the model is loaded");
        }
        return pattern;
    }

    /**
     * How the names of this project's patterns with settings are written.
     *
     * @return the forms, separated by commas
     */
    public static String namesWithSettings() {
        return PatternFamily.ALL.stream().map(PatternFamily::form).collect(Collectors.joining(", "));
    }

    /**
     * Refuses a pattern whose name a saved model could not be read back by: none, or one of this project's patterns'.
     *
     * @param pattern the pattern
     * @throws InvalidInputException if its name is not its own
     */
    public static void requireOwnName(AttentionPattern pattern) {
        String name = pattern.patternName();
        if (name == null || name.isBlank()) {
            throw new InvalidInputException("the attention pattern " + pattern.getClass().getName()
                    + " has no name: its patternName() must not be empty");
        }
        boolean taken = StandardPattern.isNamed(name) ? !(pattern instanceof StandardPattern)
                : PatternFamily.of(name).filter(family -> !family.type().isInstance(pattern)).isPresent();
        if (taken) {
            throw new InvalidInputException("the attention pattern " + pattern.getClass().getName() + " calls itself '" + name
                    + "', which is a standard pattern's name: give it a name of its own");
        }
    }
}
