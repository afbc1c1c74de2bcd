package ai.spattention.eval.jinja;

import ai.spattention.common.InvalidInputException;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;

/** {@code value.name} and {@code value[index]}, which Jinja2 tries in this order and in the other. */
final class Access {

    private Access() {}

    /** An attribute, else an item, else something undefined. */
    static Object attribute(Run run, Object value, String name) {
        Object attribute = ofPython(Undefined.refuseAny(value), name);
        if (attribute != Frame.MISSING) {
            return attribute;
        }
        Object item = element(run, value, name);
        return item == Frame.MISSING ? missing(value, name) : item;
    }

    /** An item, else an attribute, else something undefined. */
    static Object item(Run run, Object value, Object index) {
        Object item = element(run, Undefined.refuseAny(value), index);
        if (item != Frame.MISSING) {
            return item;
        }
        Object attribute = Values.isText(index) ? ofPython(value, Values.text(index, "")) : Frame.MISSING;
        return attribute == Frame.MISSING ? missing(value, index) : attribute;
    }

    private static Undefined missing(Object value, Object name) {
        return Undefined.strict("a " + Values.typeName(value) + " has no '" + (name == null ? "None" : Values.isText(name)
                ? Values.text(name, "") : name instanceof Number ? name.toString() : Values.typeName(name)) + "'");
    }

    /** What Python has under a name; {@link Frame#MISSING} if nothing. */
    static Object ofPython(Object value, String name) {
        if (value instanceof Namespace namespace) {
            Dict.Entry entry = namespace.attributes().find(name);
            return entry == null ? Frame.MISSING : entry.value();
        }
        if (name.startsWith("__") && name.endsWith("__")) {
            throw new InvalidInputException("attributes between two underscores are not supported (got '" + name + "')");
        }
        if (value instanceof Loop loop) {
            return loop.attribute(name);
        }
        if (value instanceof Globals.Cycler cycler) {
            return cycler.attribute(name);
        }
        if (value instanceof Tuple tuple && tuple.names().contains(name)) {
            return tuple.items().get(tuple.names().indexOf(name));
        }
        if (value instanceof Macro macro) {
            return switch (name) {
                case "name" -> macro.name();
                case "arguments", "catch_kwargs", "catch_varargs", "caller" -> throw new InvalidInputException(
                        "the attribute '" + name + "' of a macro is not supported");
                default -> Frame.MISSING;
            };
        }
        if (value instanceof Range range) {
            return switch (name) {
                case "start" -> range.start();
                case "stop" -> range.stop();
                case "step" -> range.step();
                default -> Methods.find(value, name);
            };
        }
        return Methods.find(value, name);
    }

    private static Object element(Run run, Object value, Object index) {
        if (value instanceof Dict dict) {
            Dict.Entry entry = isHashable(index) ? dict.find(index) : null;
            return entry == null ? Frame.MISSING : entry.value();
        }
        boolean sequence = Values.isText(value) || value instanceof List || value instanceof Tuple || value instanceof Range;
        if (!sequence) {
            return Frame.MISSING;
        }
        if (index instanceof Slice slice) {
            return slice(run, value, slice);
        }
        if (!Values.isInteger(index)) {
            Undefined.refuse(index);
            return Frame.MISSING;
        }
        BigInteger length = Values.length(value);
        BigInteger place = Values.integer(index, "");
        place = place.signum() < 0 ? place.add(length) : place;
        if (place.signum() < 0 || place.compareTo(length) >= 0) {
            return Frame.MISSING;
        }
        if (value instanceof Range range) {
            return range.at(place);
        }
        return at(value, place.intValueExact());
    }

    private static boolean isHashable(Object index) {
        return !(index instanceof List || index instanceof Dict || index instanceof Slice || index instanceof DictView
                || index instanceof Tuple tuple && !tuple.items().stream().allMatch(Access::isHashable));
    }

    private static Object at(Object value, int place) {
        if (value instanceof List<?> list) {
            return list.get(place);
        }
        if (value instanceof Tuple tuple) {
            return tuple.items().get(place);
        }
        String text = Values.text(value, "");
        String character = Text.part(text, place, place + 1);
        return value instanceof Markup ? new Markup(character) : character;
    }

    private static Object slice(Run run, Object value, Slice slice) {
        Range indices = slice.of(Values.length(value));
        if (value instanceof Range range) {
            return new Range(range.at(indices.start()), range.at(indices.stop()), range.step().multiply(indices.step()));
        }
        int count = indices.length().intValueExact();
        run.spend(count);
        if (Values.isText(value)) {
            String part = sliced(Values.text(value, ""), indices, count);
            return value instanceof Markup ? new Markup(part) : part;
        }
        List<Object> items = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            items.add(at(value, indices.at(BigInteger.valueOf(i)).intValueExact()));
        }
        return value instanceof List ? items : Tuple.ofList(items);
    }

    private static String sliced(String text, Range indices, int count) {
        if (count == 0) {
            return "";
        }
        int start = indices.start().intValueExact();
        if (indices.step().equals(BigInteger.ONE)) {
            return Text.part(text, start, start + count);
        }
        int[] characters = text.codePoints().toArray();
        StringBuilder part = new StringBuilder();
        for (int i = 0; i < count; i++) {
            part.appendCodePoint(characters[indices.at(BigInteger.valueOf(i)).intValueExact()]);
        }
        return part.toString();
    }
}
