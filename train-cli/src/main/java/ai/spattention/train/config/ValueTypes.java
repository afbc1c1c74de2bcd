package ai.spattention.train.config;

import ai.spattention.olmoe.config.LayerPatterns;
import ai.spattention.pattern.LayoutLength;
import ai.spattention.pattern.Patterns;
import ai.spattention.pattern.StandardPattern;
import java.util.Arrays;
import java.util.Set;
import java.util.stream.Collectors;

/** The types of a configuration's values, in people's words. */
final class ValueTypes {

    private static final Set<Class<?>> WHOLE = Set.of(LayerPatterns.class, TextList.class, ValidationFolders.class);
    private static final Set<Class<?>> WHOLE_NUMBERS = Set.of(int.class, Integer.class, long.class, Long.class);
    private static final Set<Class<?>> FRACTIONS = Set.of(float.class, Float.class, double.class, Double.class);

    private ValueTypes() {}

    /** Whether the values are lists or names with values, which are read whole. */
    static boolean isWhole(Class<?> type) {
        return WHOLE.contains(type);
    }

    /** Whether there may be no value. */
    static boolean isOptional(Class<?> type) {
        return isNumber(type) && !type.isPrimitive();
    }

    /** Whether the values are numbers. */
    static boolean isNumber(Class<?> type) {
        return WHOLE_NUMBERS.contains(type) || FRACTIONS.contains(type);
    }

    /** What a number must be, apart from null. */
    static String number(Class<?> type) {
        return WHOLE_NUMBERS.contains(type) ? "a whole number" : "a number";
    }

    /** What a phrase ends with where there may be no value. */
    static String orNull(Class<?> type) {
        return isOptional(type) ? ", or null" : "";
    }

    /** What a value must be. */
    static String allowed(Class<?> type) {
        if (isNumber(type)) {
            return number(type) + orNull(type);
        } else if (type == boolean.class) {
            return "true or false";
        } else if (type == LayerPatterns.class) {
            return "one of " + StandardPattern.names() + ", " + Patterns.namesWithSettings()
                    + ", a pattern of your class path, or a list of such that repeats over the layers";
        } else if (type == LayoutLength.class) {
            return "a whole number of at least 1, or sequence";
        } else if (type == TextList.class) {
            return "a list of texts, such as [a, b]";
        } else if (type == ValidationFolders.class) {
            return "a folder, a list of folders, or names with folders below it";
        } else if (type.isEnum()) {
            return "one of " + Arrays.stream(type.getEnumConstants()).map(ConfigMapper::nameOf)
                    .collect(Collectors.joining(", "));
        }
        return "text";
    }
}
