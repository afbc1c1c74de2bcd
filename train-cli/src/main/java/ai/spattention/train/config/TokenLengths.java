package ai.spattention.train.config;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.math.BigInteger;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Lengths given in tokens. Each has a key in steps that means the same, and at most one of the two is set. They become
 * whole steps, rounded up, before the records are made, so that nothing else has to know of them.
 */
final class TokenLengths {

    private static final SortedMap<String, String> STEPS_OF = new TreeMap<>(Map.of(
            "training.tokens", "training.steps",
            "schedule.warmup_tokens", "schedule.warmup_steps",
            "schedule.decay_tokens", "schedule.decay_steps"));

    /** What {@link RunConfig#tokensPerStep()} multiplies. */
    private static final List<String> FACTORS =
            List.of("training.micro_batch", "training.gradient_accumulation_steps", "data.sequence_length");

    private TokenLengths() {}

    /** The keys that hold tokens. */
    static List<ConfigKey> keys() {
        return STEPS_OF.entrySet().stream().map(entry -> new ConfigKey(entry.getKey(), long.class, entry.getValue() + " in tokens: as many"
                + " steps as hold them, rounded up", "tokens", Optional.empty(), Optional.empty(), Optional.of(entry.getValue()),
                "a whole number, at least " + least(entry.getValue()))).toList();
    }

    /** The least number of tokens that a length in steps may have. */
    private static int least(String inSteps) {
        return inSteps.equals("training.steps") ? 1 : 0;
    }

    /** Whether a key, or the one in tokens that stands for it, is set. */
    static boolean isSet(String key, Map<String, Setting> settings) {
        return settings.containsKey(key) || STEPS_OF.entrySet().stream()
                .anyMatch(entry -> entry.getValue().equals(key) && settings.containsKey(entry.getKey()));
    }

    /**
     * Lets settings take precedence over earlier ones, also over those in the other unit.
     *
     * @throws ai.spattention.InvalidInputException if the later ones give one length in both units
     */
    static void override(Map<String, Setting> settings, Map<String, Setting> later) {
        STEPS_OF.forEach((inTokens, inSteps) -> {
            if (later.containsKey(inTokens) && later.containsKey(inSteps)) {
                throw later.get(inTokens).refused(inTokens + " and " + inSteps + " mean the same: give one of them");
            }
            if (later.containsKey(inTokens)) {
                settings.remove(inSteps);
            } else if (later.containsKey(inSteps)) {
                settings.remove(inTokens);
            }
        });
        settings.putAll(later);
    }

    /**
     * The same settings with every length in steps.
     *
     * @param settings settings of the right types, those of a step's size among them
     * @throws ai.spattention.InvalidInputException if a length is out of range
     */
    static Map<String, Setting> resolve(Map<String, Setting> settings) {
        List<BigInteger> factors = FACTORS.stream().map(key -> settings.get(key).value().bigIntegerValue()).toList();
        Map<String, Setting> resolved = new LinkedHashMap<>(settings);
        STEPS_OF.forEach((inTokens, inSteps) -> {
            Setting given = resolved.remove(inTokens);
            if (given != null) {
                resolved.put(inSteps, inSteps(given, inSteps, factors));
            }
        });
        return resolved;
    }

    private static Setting inSteps(Setting given, String key, List<BigInteger> factors) {
        BigInteger tokens = given.value().bigIntegerValue();
        int least = least(key);
        if (tokens.compareTo(BigInteger.valueOf(least)) < 0) {
            throw given.refused(given.path() + " must be at least " + least + " (got " + tokens + ")");
        }
        if (factors.stream().anyMatch(factor -> factor.signum() <= 0)) {
            return steps(given, key, 1); // the record refuses the factor
        }
        BigInteger perStep = factors.stream().reduce(BigInteger.ONE, BigInteger::multiply);
        BigInteger steps = tokens.add(perStep).subtract(BigInteger.ONE).divide(perStep);
        if (steps.bitLength() > 31) {
            throw given.refused(given.path() + " is " + steps + " steps of " + perStep + " tokens each, more than "
                    + Integer.MAX_VALUE + ": choose fewer tokens or larger steps");
        }
        return steps(given, key, steps.intValue());
    }

    private static Setting steps(Setting given, String key, int steps) {
        return new Setting(key, JsonNodeFactory.instance.numberNode(steps), Integer.toString(steps), given.origin());
    }
}
