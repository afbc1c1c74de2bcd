package ai.spattention.train.distributed;

import ai.spattention.common.InvalidInputException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** A launcher's variables, read with care: one that is empty is none. */
final class Variables {

    private final Map<String, String> environment;

    Variables(Map<String, String> environment) {
        this.environment = environment;
    }

    boolean has(String name) {
        return !environment.getOrDefault(name, "").isBlank();
    }

    /** A variable's text, empty if it is not set. */
    String text(String name) {
        return environment.getOrDefault(name, "").strip();
    }

    /** The first of several variables that is set; empty if none is. */
    String firstOf(String... names) {
        return Arrays.stream(names).filter(this::has).findFirst().map(this::text).orElse("");
    }

    /** A variable that must be a number from 0 on. */
    int number(String name) {
        String text = text(name);
        if (!text.matches("\\d{1,9}")) {
            throw new InvalidInputException(name + " must be a whole number from 0 on" + (text.isEmpty() ? ", and is not set"
                    : " (got '" + text + "')") + ": it is what a launcher tells a process of itself");
        }
        return Integer.parseInt(text);
    }

    /** Whether variables are there, which come together or not at all. */
    boolean haveAll(String... names) {
        List<String> missing = Arrays.stream(names).filter(name -> !has(name)).toList();
        if (missing.isEmpty() || missing.size() == names.length) {
            return missing.isEmpty();
        }
        String set = Arrays.stream(names).filter(this::has).map(name -> name + "=" + text(name)).collect(Collectors.joining(", "));
        throw new InvalidInputException(set + " is set without " + String.join(" and ", missing)
                + ": set all of " + String.join(", ", names) + ", or none for one process");
    }
}
