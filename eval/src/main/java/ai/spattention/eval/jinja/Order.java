package ai.spattention.eval.jinja;

import ai.spattention.common.InvalidInputException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.Iterator;
import java.util.List;

/** Python's comparisons. */
final class Order {

    private static final int MAX_DEPTH = 200;

    private Order() {}

    static boolean compare(Run run, String operator, Object left, Object right) {
        return switch (operator) {
            case "in" -> contains(run, right, left);
            case "not in" -> !contains(run, right, left);
            case "==" -> equal(run, Undefined.refuse(left), Undefined.refuse(right));
            case "!=" -> !equal(run, Undefined.refuse(left), Undefined.refuse(right));
            default -> ordered(run, operator, left, right);
        };
    }

    /** Equality; an undefined value is an error. */
    static boolean equal(Run run, Object left, Object right) {
        return equal(run, left, right, 0);
    }

    private static boolean equal(Run run, Object left, Object right, int depth) {
        run.spend(1);
        if (depth > MAX_DEPTH) {
            throw new InvalidInputException("values that are compared nest more than " + MAX_DEPTH + " deep");
        }
        Undefined.refuse(left);
        Undefined.refuse(right);
        if (Values.isNumber(left) && Values.isNumber(right)) {
            return !isNaN(left) && !isNaN(right) && compareNumbers(left, right) == 0;
        }
        if (Values.isText(left) && Values.isText(right)) {
            return Values.text(left, "").equals(Values.text(right, ""));
        }
        if (left instanceof List<?> first && right instanceof List<?> second) {
            return equal(run, first, second, depth);
        }
        if (left instanceof Tuple first && right instanceof Tuple second) {
            return equal(run, first.items(), second.items(), depth);
        }
        if (left instanceof Dict first && right instanceof Dict second) {
            return equal(run, first, second, depth);
        }
        if (left instanceof Range first && right instanceof Range second) {
            BigInteger length = first.length();
            return length.equals(second.length()) && (length.signum() == 0 || first.start().equals(second.start())
                    && (length.equals(BigInteger.ONE) || first.step().equals(second.step())));
        }
        if (left instanceof DictView && right instanceof DictView && left != right) {
            throw new InvalidInputException("keys, values and items of a dict cannot be compared: add '| list'");
        }
        return left == right || left instanceof Undefined && right instanceof Undefined;
    }

    private static boolean equal(Run run, List<?> left, List<?> right, int depth) {
        if (left.size() != right.size()) {
            return false;
        }
        for (int i = 0; i < left.size(); i++) {
            if (left.get(i) != right.get(i) && !equal(run, left.get(i), right.get(i), depth + 1)) {
                return false;
            }
        }
        return true;
    }

    private static boolean equal(Run run, Dict left, Dict right, int depth) {
        if (left.size() != right.size()) {
            return false;
        }
        for (Dict.Entry entry : left.entries()) {
            Dict.Entry other = right.find(entry.key());
            if (other == null || entry.value() != other.value() && !equal(run, entry.value(), other.value(), depth + 1)) {
                return false;
            }
        }
        return true;
    }

    private static boolean isNaN(Object value) {
        return value instanceof Double number && number.isNaN();
    }

    /** Compares exactly, whatever the types. */
    private static int compareNumbers(Object left, Object right) {
        if (left instanceof Double first && right instanceof Double second) {
            return first < second ? -1 : first > second ? 1 : 0;
        }
        if (left instanceof Double first && first.isInfinite()) {
            return first > 0 ? 1 : -1;
        }
        if (right instanceof Double second && second.isInfinite()) {
            return second > 0 ? -1 : 1;
        }
        return exact(left).compareTo(exact(right));
    }

    private static BigDecimal exact(Object value) {
        return value instanceof Double number ? new BigDecimal(number) : new BigDecimal(Values.integer(value, ""));
    }

    private static boolean ordered(Run run, String operator, Object left, Object right) {
        if (isNaN(left) && Values.isNumber(right) || Values.isNumber(left) && isNaN(right)) {
            return false;
        }
        int order = order(run, operator, left, right, 0);
        return switch (operator) {
            case "<" -> order < 0;
            case "<=" -> order <= 0;
            case ">" -> order > 0;
            default -> order >= 0;
        };
    }

    /** The order in which to sort. What has no order is an error, and so is what is no number. */
    static int order(Run run, Object left, Object right) {
        if (isNaN(left) || isNaN(right)) {
            throw new InvalidInputException("nan has no place in an order");
        }
        return order(run, "<", left, right, 0);
    }

    private static int order(Run run, String operator, Object left, Object right, int depth) {
        run.spend(1);
        Undefined.refuse(left);
        Undefined.refuse(right);
        if (depth > MAX_DEPTH) {
            throw new InvalidInputException("values that are compared nest more than " + MAX_DEPTH + " deep");
        }
        if (Values.isNumber(left) && Values.isNumber(right)) {
            if (isNaN(left) || isNaN(right)) {
                throw new InvalidInputException("nan has no place in an order");
            }
            return compareNumbers(left, right);
        }
        if (Values.isText(left) && Values.isText(right)) {
            return compareTexts(Values.text(left, ""), Values.text(right, ""));
        }
        List<?> first = items(left);
        List<?> second = items(right);
        if (first == null || second == null || left instanceof Tuple != right instanceof Tuple) {
            throw new InvalidInputException("the operator " + operator + " does not fit a " + Values.typeName(left) + " and a "
                    + Values.typeName(right));
        }
        for (int i = 0; i < Math.min(first.size(), second.size()); i++) {
            if (first.get(i) != second.get(i) && !equal(run, first.get(i), second.get(i), depth + 1)) {
                return order(run, operator, first.get(i), second.get(i), depth + 1);
            }
        }
        return Integer.compare(first.size(), second.size());
    }

    private static List<?> items(Object value) {
        return value instanceof Tuple tuple ? tuple.items() : value instanceof List<?> list ? list : null;
    }

    /** By characters, not by UTF-16 units. */
    private static int compareTexts(String left, String right) {
        int length = Math.min(left.length(), right.length());
        for (int i = 0; i < length; i++) {
            char first = left.charAt(i);
            char second = right.charAt(i);
            if (first != second) {
                return Character.isSurrogate(first) == Character.isSurrogate(second) ? Character.compare(first, second)
                        : Character.isSurrogate(first) ? Integer.compare(left.codePointAt(i), second)
                        : Integer.compare(first, right.codePointAt(i));
            }
        }
        return Integer.compare(left.length(), right.length());
    }

    static boolean contains(Run run, Object container, Object value) {
        Undefined.refuse(container);
        if (Values.isText(container)) {
            String text = Values.text(container, "");
            String sought = Values.text(Undefined.refuse(value), "only text can be in a text");
            run.search(text.length(), sought.length());
            return Chars.find(text, sought, 0, text.length()) >= 0;
        }
        if (container instanceof Dict dict) {
            return dict.has(value);
        }
        if (container instanceof DictView view && view.part() == DictView.Part.KEYS) {
            return view.dict().has(value);
        }
        if (container instanceof Range range && Values.isInteger(value)) {
            return range.has(Values.integer(value, ""));
        }
        Iterator<Object> items = Values.iterate(run, container);
        while (items.hasNext()) {
            Object item = items.next();
            if (item == value || equal(run, item, value)) {
                return true;
            }
        }
        return false;
    }
}
