package ai.spattention.eval.jinja;

import ai.spattention.common.InvalidInputException;

/**
 * What a name or an attribute that is not there evaluates to, as Jinja2's {@code StrictUndefined}: it may be asked whether it
 * is defined, and everything else is an error.
 *
 * @param problem what is not there, for people
 * @param strict false for what an inline if without else gives, which prints as nothing and has no items
 */
record Undefined(String problem, boolean strict) {

    static Undefined strict(String problem) {
        return new Undefined(problem, true);
    }

    static Undefined field(String name) {
        return strict("there is no field '" + name + "'");
    }

    InvalidInputException error() {
        return new InvalidInputException(problem);
    }

    /** A value that is used: one that is undefined is an error, unless it is lenient. */
    static Object refuse(Object value) {
        if (value instanceof Undefined undefined && undefined.strict()) {
            throw undefined.error();
        }
        return value;
    }

    /** A value that is used in a way that even a lenient undefined one does not bear. */
    static Object refuseAny(Object value) {
        if (value instanceof Undefined undefined) {
            throw undefined.error();
        }
        return value;
    }
}
