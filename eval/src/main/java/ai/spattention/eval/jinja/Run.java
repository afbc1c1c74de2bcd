package ai.spattention.eval.jinja;

import ai.spattention.common.InvalidInputException;
import java.util.HashMap;
import java.util.Map;

/**
 * One filling of a template: the fields, and what it may still use of time and memory. Everything that takes time or makes
 * values asks here first.
 */
final class Run {

    /** Nested evaluations, which keeps the Java stack far from its end. */
    private static final int MAX_DEPTH = 1_000;
    private static final long MAX_STEPS = 1_000_000;
    private static final int MAX_CHARACTERS = 1 << 24;
    private static final int MAX_ITEMS = 1 << 20;
    /** Python's own limit on the digits of a number that is printed. */
    static final int MAX_BITS = 1 << 16;
    /** A step is about the time of an evaluation; making a text takes steps for its time and memory. */
    private static final int CHARACTERS_A_STEP = 32;

    private final Environment environment;
    private final Map<String, Object> fields;
    private final Map<String, Object> variables = new HashMap<>();
    private int depth;
    private long steps;

    Run(Environment environment, Map<String, Object> fields) {
        this.environment = environment;
        this.fields = fields;
    }

    Environment environment() {
        return environment;
    }

    /** A variable of the template, a field or a global; {@link Frame#MISSING} if there is none. */
    Object resolve(String name) {
        if (variables.containsKey(name)) {
            return variables.get(name);
        }
        if (fields.containsKey(name)) {
            Object value = Values.of(fields.get(name));
            variables.put(name, value);
            return value;
        }
        Callable global = environment.global(name);
        return global == null ? Frame.MISSING : global;
    }

    /** Remembers a variable that is set outside of loops and macros. */
    void export(String name, Object value) {
        variables.put(name, value);
    }

    Object evaluate(Expression expression, Frame frame) {
        enter();
        try {
            Object value = expression.evaluate(this, frame);
            if (value instanceof String text) {
                made(text.length());
            }
            return value;
        } finally {
            leave();
        }
    }

    void enter() {
        spend(1);
        if (++depth > MAX_DEPTH) {
            throw new InvalidInputException("it goes deeper than " + MAX_DEPTH + " evaluations: does a macro call itself"
                    + " without end?");
        }
    }

    void leave() {
        depth--;
    }

    /** Takes a number of steps. */
    void spend(long count) {
        steps += count;
        if (count < 0 || steps > MAX_STEPS) {
            throw new InvalidInputException("it takes more than " + MAX_STEPS + " steps: make its loops and texts shorter");
        }
    }

    /** Takes the steps for a text that was made. */
    void made(long length) {
        checkLength(length);
        spend(length / CHARACTERS_A_STEP);
    }

    /** Refuses a text before it is made. */
    void checkLength(long length) {
        if (length < 0 || length > MAX_CHARACTERS) {
            throw new InvalidInputException("it makes a text of more than " + MAX_CHARACTERS + " characters");
        }
    }

    /** Refuses a list before it is made. */
    void checkItems(long count) {
        if (count < 0 || count > MAX_ITEMS) {
            throw new InvalidInputException("it makes a list of more than " + MAX_ITEMS + " items");
        }
    }

    /** Refuses a whole number before it is computed, and takes the steps for it. */
    void checkBits(long bits) {
        if (bits < 0 || bits > MAX_BITS) {
            throw new InvalidInputException("it makes a number of more than " + MAX_BITS + " bits");
        }
        spend(bits / 64 * bits / 64 / 64);
    }

    /** Takes the steps to look for a text in another. */
    void search(long length, long sought) {
        spend(length / 64 * Math.min(sought, length) / 64 + length / 64);
    }
}
