package ai.spattention.eval.jinja;

import ai.spattention.common.InvalidInputException;
import java.math.BigInteger;
import java.util.Iterator;
import java.util.List;

/** A loop while it runs: the variable {@code loop}. */
final class Loop implements Callable {

    /** Runs a recursive loop once more, over other items. */
    @FunctionalInterface
    interface Recursion {

        String run(Object items);
    }

    private static final Object NOTHING = new Object();

    private final Run run;
    private final Object values;
    private final Recursion recursion;
    private final int depth;
    private Iterator<Object> items;
    private BigInteger length;
    private int index0 = -1;
    private Object before = NOTHING;
    private Object current = NOTHING;
    private Object after = NOTHING;
    private Tuple changed;

    Loop(Run run, Object values, Recursion recursion, int depth) {
        this.run = run;
        this.values = values;
        this.recursion = recursion;
        this.depth = depth;
        items = Values.iterate(run, values);
    }

    boolean advance() {
        if (!peek()) {
            return false;
        }
        before = current;
        current = after;
        after = NOTHING;
        index0++;
        return true;
    }

    private boolean peek() {
        if (after == NOTHING && items.hasNext()) {
            after = items.next();
        }
        return after != NOTHING;
    }

    Object current() {
        return current;
    }

    BigInteger length() {
        if (length == null) {
            length = Values.lengthOrNull(values);
            if (length == null) {
                List<Object> rest = Values.list(run, new Generator(run, items));
                items = rest.iterator();
                length = BigInteger.valueOf(rest.size() + index0 + 1L + (after == NOTHING ? 0 : 1));
            }
        }
        return length;
    }

    private static BigInteger number(long value) {
        return BigInteger.valueOf(value);
    }

    /** An attribute; {@link Frame#MISSING} if a loop has none of that name. */
    Object attribute(String name) {
        return switch (name) {
            case "index" -> number(index0 + 1L);
            case "index0" -> number(index0);
            case "revindex" -> length().subtract(number(index0));
            case "revindex0" -> length().subtract(number(index0 + 1L));
            case "first" -> index0 == 0;
            case "last" -> !peek();
            case "length" -> length();
            case "depth" -> number(depth + 1L);
            case "depth0" -> number(depth);
            case "previtem" -> index0 == 0 ? Undefined.strict("there is no previous item") : before;
            case "nextitem" -> peek() ? after : Undefined.strict("there is no next item");
            case "cycle" -> (Callable) (each, arguments) -> cycle(arguments);
            case "changed" -> (Callable) (each, arguments) -> changed(arguments);
            default -> Frame.MISSING;
        };
    }

    private Object cycle(Arguments arguments) {
        List<Object> choices = arguments.positional();
        if (choices.isEmpty() || !arguments.named().isEmpty()) {
            throw new InvalidInputException("loop.cycle needs at least one value, without names");
        }
        return choices.get(index0 % choices.size());
    }

    private boolean changed(Arguments arguments) {
        Tuple given = Tuple.ofList(arguments.positional());
        if (changed != null && Order.equal(run, changed, given)) {
            return false;
        }
        changed = given;
        return true;
    }

    @Override
    public Object call(Run ignored, Arguments arguments) {
        if (recursion == null) {
            throw new InvalidInputException("a loop that calls itself must be marked 'recursive'");
        }
        return recursion.run(arguments.bind("loop", 1, "iterable").get(0));
    }
}
