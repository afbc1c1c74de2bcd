package ai.spattention.eval.jinja;

import ai.spattention.common.InvalidInputException;
import java.math.BigInteger;
import java.util.List;
import java.util.Map;

/** The arguments of a call. */
record Arguments(List<Object> positional, Map<String, Object> named) {

    /**
     * Arguments by the names of a function's parameters.
     *
     * @param callee what is called, for messages
     * @param required how many of the parameters must be given
     * @param names the parameters
     */
    Bound bind(String callee, int required, String... names) {
        if (positional.size() > names.length) {
            throw new InvalidInputException(callee + " takes " + count(names.length) + " (got " + positional.size() + ")");
        }
        Object[] values = new Object[names.length];
        boolean[] given = new boolean[names.length];
        for (int i = 0; i < positional.size(); i++) {
            values[i] = positional.get(i);
            given[i] = true;
        }
        named.forEach((name, value) -> {
            int place = List.of(names).indexOf(name);
            if (place < 0 || given[place]) {
                throw new InvalidInputException(callee + (place < 0 ? " takes no argument '" : " got twice the argument '")
                        + name + "'");
            }
            values[place] = value;
            given[place] = true;
        });
        for (int i = 0; i < required; i++) {
            if (!given[i]) {
                throw new InvalidInputException(callee + " lacks its argument '" + names[i] + "'");
            }
        }
        return new Bound(callee, names, values, given);
    }

    /** Arguments that have no names. */
    Bound bindPositional(String callee, int required, int most) {
        if (!named.isEmpty()) {
            throw new InvalidInputException(callee + " takes no argument '" + named.keySet().iterator().next() + "'");
        }
        if (positional.size() < required) {
            throw new InvalidInputException(callee + " takes at least " + count(required) + " (got " + positional.size() + ")");
        }
        String[] names = new String[most];
        for (int i = 0; i < most; i++) {
            names[i] = String.valueOf(i + 1);
        }
        return bind(callee, required, names);
    }

    private static String count(int number) {
        return number == 0 ? "no arguments" : number == 1 ? "1 argument" : number + " arguments";
    }

    /** Arguments in the order of the parameters. */
    record Bound(String callee, String[] names, Object[] values, boolean[] given) {

        boolean has(int place) {
            return given[place];
        }

        Object get(int place, Object otherwise) {
            return given[place] ? values[place] : otherwise;
        }

        Object get(int place) {
            return values[place];
        }

        /** A text. */
        String text(int place) {
            return Values.text(Undefined.refuse(values[place]), callee + " needs a text as its argument '" + names[place] + "'");
        }

        String text(int place, String otherwise) {
            return given[place] ? text(place) : otherwise;
        }

        /** A whole number. */
        BigInteger integer(int place) {
            return Values.integer(Undefined.refuse(values[place]),
                    callee + " needs a whole number as its argument '" + names[place] + "'");
        }

        /** A whole number, or the nearest that an int holds. */
        int number(int place, int otherwise) {
            return given[place] ? Values.clamp(integer(place)) : otherwise;
        }

        boolean truth(int place, boolean otherwise) {
            return given[place] ? Values.truth(values[place]) : otherwise;
        }
    }
}
