package ai.spattention.eval.probe;

import ai.spattention.common.InvalidInputException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;

/** The probes. */
public enum ProbeName {

    /** The loss of a text, in nats a token and in bits a byte. */
    LOSS,

    /** The loss by position. */
    POSITION,

    /** The loss of what could be looked up, by distance. */
    RECALL,

    /** What a second copy of random tokens gains, by distance. */
    COPY,

    /** The loss at other lengths, with the layout fixed and of the sequence. */
    LENGTH,

    /** The right answers of benchmark tasks, in bits a byte, with the layout fixed and of the sequence. */
    TASKS;

    /** All of them, in a list. */
    public static final String ALL = "all";

    /**
     * The name in files and on the command line.
     *
     * @return the name in small letters
     */
    public String key() {
        return name().toLowerCase(Locale.ROOT);
    }

    /**
     * Reads names.
     *
     * @param names names of probes; {@code all} for every one but {@code tasks}, which needs tasks
     * @return the probes, in their own order
     * @throws InvalidInputException if there is no probe of a name
     */
    public static Set<ProbeName> parse(List<String> names) {
        List<ProbeName> found = new ArrayList<>();
        for (String name : names) {
            if (name.strip().equals(ALL)) {
                found.addAll(EnumSet.complementOf(EnumSet.of(TASKS)));
            } else {
                found.add(of(name.strip()));
            }
        }
        return found.isEmpty() ? EnumSet.noneOf(ProbeName.class) : EnumSet.copyOf(found);
    }

    private static ProbeName of(String name) {
        return Arrays.stream(values()).filter(probe -> probe.key().equals(name)).findFirst()
                .orElseThrow(() -> new InvalidInputException("there is no probe '" + name + "': choose of " + ALL + ", "
                        + Arrays.stream(values()).map(ProbeName::key).collect(Collectors.joining(", "))));
    }
}
