package ai.spattention.eval.jinja;

import ai.spattention.common.InvalidInputException;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.NoSuchElementException;

/** What values are: their types, truth, length and items. */
final class Values {

    private static final BigInteger MOST = BigInteger.valueOf(Integer.MAX_VALUE);

    private Values() {}

    /** A row's value as templates see it. */
    static Object of(Object value) {
        if (value instanceof Integer || value instanceof Long || value instanceof Short || value instanceof Byte) {
            return BigInteger.valueOf(((Number) value).longValue());
        }
        if (value instanceof Float number) {
            return number.doubleValue();
        }
        if (value instanceof Map<?, ?> map) {
            Dict dict = new Dict();
            map.forEach((key, item) -> dict.put(of(key), of(item)));
            return dict;
        }
        if (value instanceof List<?> list) {
            List<Object> items = new ArrayList<>();
            list.forEach(item -> items.add(of(item)));
            return items;
        }
        if (value == null || value instanceof Boolean || value instanceof BigInteger || value instanceof Double
                || value instanceof String) {
            return value;
        }
        throw new InvalidInputException("a value of the type " + value.getClass().getSimpleName()
                + " cannot be in a template: it must be text, a number, a boolean, a list or a map (got '" + value + "')");
    }

    static String typeName(Object value) {
        if (value == null) {
            return "NoneType";
        }
        if (value instanceof Boolean) {
            return "bool";
        }
        if (value instanceof BigInteger) {
            return "int";
        }
        if (value instanceof Double) {
            return "float";
        }
        if (value instanceof String) {
            return "str";
        }
        if (value instanceof List) {
            return "list";
        }
        return value.getClass().getSimpleName().toLowerCase(Locale.ROOT);
    }

    static boolean isText(Object value) {
        return value instanceof String || value instanceof Markup;
    }

    static boolean isInteger(Object value) {
        return value instanceof BigInteger || value instanceof Boolean;
    }

    static boolean isNumber(Object value) {
        return isInteger(value) || value instanceof Double;
    }

    /** A text; anything else is an error. */
    static String text(Object value, String rule) {
        if (value instanceof String text) {
            return text;
        }
        if (value instanceof Markup markup) {
            return markup.text();
        }
        throw new InvalidInputException(rule + " (got a " + typeName(value) + ")");
    }

    /** A whole number, which truth values are too; anything else is an error. */
    static BigInteger integer(Object value, String rule) {
        if (value instanceof BigInteger number) {
            return number;
        }
        if (value instanceof Boolean truth) {
            return truth ? BigInteger.ONE : BigInteger.ZERO;
        }
        throw new InvalidInputException(rule + " (got a " + typeName(value) + ")");
    }

    /** The nearest number that an int holds. */
    static int clamp(BigInteger number) {
        return number.bitLength() < 32 ? number.intValue() : number.signum() * MOST.intValue();
    }

    /** Python's {@code bool}. */
    static boolean truth(Object value) {
        if (Undefined.refuse(value) == null) {
            return false;
        }
        if (value instanceof Boolean truth) {
            return truth;
        }
        if (value instanceof BigInteger number) {
            return number.signum() != 0;
        }
        if (value instanceof Double number) {
            return number != 0;
        }
        BigInteger length = lengthOrNull(value);
        return length == null || length.signum() != 0;
    }

    /** Python's {@code len}; null for what has none. */
    static BigInteger lengthOrNull(Object value) {
        if (value instanceof String text) {
            return BigInteger.valueOf(text.codePointCount(0, text.length()));
        }
        if (value instanceof Markup markup) {
            return lengthOrNull(markup.text());
        }
        if (value instanceof List<?> list) {
            return BigInteger.valueOf(list.size());
        }
        if (value instanceof Tuple tuple) {
            return BigInteger.valueOf(tuple.items().size());
        }
        if (value instanceof Dict dict) {
            return BigInteger.valueOf(dict.size());
        }
        if (value instanceof DictView view) {
            return BigInteger.valueOf(view.dict().size());
        }
        if (value instanceof Range range) {
            return range.length();
        }
        if (value instanceof Undefined) {
            return BigInteger.ZERO;
        }
        return value instanceof Loop loop ? loop.length() : null;
    }

    static BigInteger length(Object value) {
        BigInteger length = lengthOrNull(Undefined.refuse(value));
        if (length == null) {
            throw new InvalidInputException("a " + typeName(value) + " has no length");
        }
        return length;
    }

    static boolean isIterable(Object value) {
        return isText(value) || value instanceof List || value instanceof Tuple || value instanceof Dict
                || value instanceof DictView || value instanceof Range || value instanceof Generator || value instanceof Undefined;
    }

    /** Goes through a value's items, each of which counts as a step. */
    static Iterator<Object> iterate(Run run, Object value) {
        Iterator<?> items = iterator(Undefined.refuse(value));
        return new Iterator<>() {
            @Override
            public boolean hasNext() {
                return items.hasNext();
            }

            @Override
            public Object next() {
                run.spend(1);
                return items.next();
            }
        };
    }

    private static Iterator<?> iterator(Object value) {
        if (isText(value)) {
            return text(value, "").codePoints().mapToObj(Character::toString).iterator();
        }
        if (value instanceof List<?> list) {
            return live(list);
        }
        if (value instanceof Tuple tuple) {
            return tuple.items().iterator();
        }
        if (value instanceof Dict dict) {
            return iterator(new DictView(dict, DictView.Part.KEYS));
        }
        if (value instanceof DictView view) {
            return live(view);
        }
        if (value instanceof Range range) {
            return of(range);
        }
        if (value instanceof Generator generator) {
            return generator;
        }
        if (value instanceof Undefined) {
            return Collections.emptyIterator();
        }
        throw new InvalidInputException("a " + typeName(value) + " has no items to go through");
    }

    /** A list may grow on the way. */
    private static Iterator<?> live(List<?> list) {
        return new Iterator<>() {
            private int next;

            @Override
            public boolean hasNext() {
                return next < list.size();
            }

            @Override
            public Object next() {
                return list.get(next++);
            }
        };
    }

    private static Iterator<?> live(DictView view) {
        Iterator<Dict.Entry> entries = view.dict().entries().iterator();
        int size = view.dict().size();
        return new Iterator<>() {
            @Override
            public boolean hasNext() {
                if (view.dict().size() != size) {
                    throw new InvalidInputException("a dict must not change its size while its items are gone through");
                }
                return entries.hasNext();
            }

            @Override
            public Object next() {
                return view.of(entries.next());
            }
        };
    }

    private static Iterator<?> of(Range range) {
        BigInteger length = range.length();
        return new Iterator<>() {
            private BigInteger next = BigInteger.ZERO;

            @Override
            public boolean hasNext() {
                return next.compareTo(length) < 0;
            }

            @Override
            public Object next() {
                if (!hasNext()) {
                    throw new NoSuchElementException();
                }
                BigInteger value = range.at(next);
                next = next.add(BigInteger.ONE);
                return value;
            }
        };
    }

    /** Python's {@code list}: a new list of a value's items. */
    static List<Object> list(Run run, Object value) {
        List<Object> items = new ArrayList<>();
        iterate(run, value).forEachRemaining(item -> {
            run.checkItems(items.size() + 1L);
            items.add(item);
        });
        return items;
    }
}
