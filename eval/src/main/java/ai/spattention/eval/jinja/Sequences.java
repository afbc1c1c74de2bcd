package ai.spattention.eval.jinja;

import ai.spattention.eval.python.PythonText;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.function.Function;

/** What filters on sequences share. */
final class Sequences {

    private Sequences() {}

    private record Keyed(Object key, Object item) {}

    /** A stable sort by keys, each computed once. */
    static List<Object> sorted(Run run, List<?> items, Function<Object, Object> key, boolean reverse) {
        List<Keyed> keyed = new ArrayList<>();
        items.forEach(item -> keyed.add(new Keyed(key.apply(item), item)));
        Comparator<Keyed> order = (one, other) -> Order.order(run, one.key(), other.key());
        keyed.sort(reverse ? order.reversed() : order);
        List<Object> sorted = new ArrayList<>();
        keyed.forEach(each -> sorted.add(each.item()));
        return sorted;
    }

    /** A text in small letters, anything else as it is. */
    static Object ignoreCase(Object value) {
        return Values.isText(value) ? PythonText.lower(Values.text(value, "")) : value;
    }

    /**
     * What takes an attribute of items, such as {@code a.b.0}.
     *
     * @param attribute its name, or a number, or null for the items themselves
     * @param otherwise what stands for one that is undefined, if not null
     */
    static Function<Object, Object> attribute(Run run, Object attribute, Object otherwise, boolean ignoreCase) {
        List<Object> parts = parts(attribute);
        return item -> {
            Object value = item;
            for (Object part : parts) {
                value = Access.item(run, value, part);
                if (otherwise != null && value instanceof Undefined) {
                    value = otherwise;
                }
            }
            return ignoreCase ? ignoreCase(value) : value;
        };
    }

    private static List<Object> parts(Object attribute) {
        if (attribute == null) {
            return List.of();
        }
        if (!Values.isText(attribute)) {
            return Collections.singletonList(attribute);
        }
        List<Object> parts = new ArrayList<>();
        Arrays.stream(Values.text(attribute, "").split("\\.", -1)).forEach(part -> parts.add(
                !part.isEmpty() && part.chars().allMatch(each -> each >= '0' && each <= '9') ? new BigInteger(part) : part));
        return parts;
    }

    /** What takes several attributes, separated by commas, into a list of as many. */
    static Function<Object, Object> attributes(Run run, Object attribute, boolean ignoreCase) {
        List<Function<Object, Object>> each = new ArrayList<>();
        if (Values.isText(attribute)) {
            for (String one : Values.text(attribute, "").split(",", -1)) {
                each.add(attribute(run, one, null, ignoreCase));
            }
        } else {
            each.add(attribute(run, attribute, null, ignoreCase));
        }
        return item -> {
            List<Object> values = new ArrayList<>();
            each.forEach(one -> values.add(one.apply(item)));
            return values;
        };
    }
}
