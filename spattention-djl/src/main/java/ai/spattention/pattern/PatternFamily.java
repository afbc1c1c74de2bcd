package ai.spattention.pattern;

import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * Patterns of this project that have settings: their names are the family's, alone or with the settings after a colon.
 *
 * @param name the family's name
 * @param form how the names are written, for people
 * @param type the patterns' class
 * @param named makes a pattern of a name of the family
 */
record PatternFamily(String name, String form, Class<? extends AttentionPattern> type, Function<String, AttentionPattern> named) {

    static final List<PatternFamily> ALL = List.of(
            new PatternFamily(Window.NAME, "window:W", Window.class, Window::named),
            new PatternFamily(LongformerDilated.NAME, "longformer-dilated[:DILATION]", LongformerDilated.class, LongformerDilated::named),
            new PatternFamily(BigBirdRandom.NAME, "bigbird-random[:SEED]", BigBirdRandom.class, BigBirdRandom::named),
            new PatternFamily(LshSettings.NAME, "lsh[:ROUNDS]", LshSettings.class, LshSettings::named));

    /** The family to which a name belongs, well formed or not, unless it is a standard pattern's. */
    static Optional<PatternFamily> of(String name) {
        return StandardPattern.isNamed(name) ? Optional.empty()
                : ALL.stream().filter(family -> name.equals(family.name) || name.startsWith(family.name + ":")).findFirst();
    }
}
