package ai.spattention.eval.jinja;

import ai.spattention.common.InvalidInputException;
import ai.spattention.eval.python.PythonText;
import java.math.BigInteger;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;

/** Values as text: Python's {@code str} and {@code repr}. */
final class Text {

    private static final int MAX_DEPTH = 200;

    private Text() {}

    static String str(Run run, Object value) {
        if (Undefined.refuse(value) instanceof String text) {
            return text;
        }
        return value instanceof Markup markup ? markup.text() : value instanceof Undefined ? "" : repr(run, value);
    }

    /** What is joined to HTML: HTML as it is, anything else escaped. */
    static String escaped(Run run, Object value) {
        return value instanceof Markup markup ? markup.text() : Markup.escape(str(run, value)).text();
    }

    static String repr(Run run, Object value) {
        StringBuilder out = new StringBuilder();
        repr(run, value, out, 0);
        return out.toString();
    }

    private static void repr(Run run, Object value, StringBuilder out, int depth) {
        run.spend(1);
        run.checkLength(out.length());
        if (depth > MAX_DEPTH) {
            throw new InvalidInputException("a value nests more than " + MAX_DEPTH + " deep");
        }
        if (value == null) {
            out.append("None");
        } else if (value instanceof Boolean truth) {
            out.append(truth ? "True" : "False");
        } else if (value instanceof BigInteger number) {
            out.append(Numbers.str(number));
        } else if (value instanceof Double number) {
            out.append(Numbers.repr(number));
        } else if (value instanceof String text) {
            quote(text, out);
        } else if (value instanceof Markup markup) {
            quote(markup.text(), out.append("Markup("));
            out.append(')');
        } else if (value instanceof List<?> list) {
            items(run, list.iterator(), out.append('['), depth);
            out.append(']');
        } else if (value instanceof Tuple tuple) {
            items(run, tuple.items().iterator(), out.append('('), depth);
            out.append(tuple.items().size() == 1 ? ",)" : ")");
        } else if (value instanceof Dict dict) {
            entries(run, dict, out, depth);
        } else if (value instanceof DictView view) {
            out.append("dict_").append(view.part().name().toLowerCase(Locale.ROOT)).append("([");
            items(run, Values.iterate(run, view), out, depth);
            out.append("])");
        } else if (value instanceof Range range) {
            out.append("range(").append(range.start()).append(", ").append(range.stop());
            out.append(range.step().equals(BigInteger.ONE) ? ")" : ", " + range.step() + ")");
        } else if (value instanceof Namespace namespace) {
            entries(run, namespace.attributes(), out.append("<Namespace "), depth);
            out.append('>');
        } else if (value instanceof Loop loop) {
            out.append("<LoopContext ").append(loop.attribute("index")).append('/').append(loop.length()).append('>');
        } else if (value instanceof Macro macro) {
            out.append("<Macro ");
            if (macro.name() == null) {
                out.append("anonymous");
            } else {
                quote(macro.name(), out);
            }
            out.append('>');
        } else if (value instanceof Undefined) {
            out.append("Undefined");
        } else if (value instanceof Generator) {
            throw new InvalidInputException("a generator cannot be printed: add '| list', or '| join' with a text between");
        } else {
            throw new InvalidInputException("a " + (value instanceof Callable ? "function" : Values.typeName(value))
                    + " cannot be printed");
        }
    }

    private static void items(Run run, Iterator<?> items, StringBuilder out, int depth) {
        for (String separator = ""; items.hasNext(); separator = ", ") {
            repr(run, items.next(), out.append(separator), depth + 1);
        }
    }

    private static void entries(Run run, Dict dict, StringBuilder out, int depth) {
        out.append('{');
        String separator = "";
        for (Dict.Entry entry : dict.entries()) {
            repr(run, entry.key(), out.append(separator), depth + 1);
            repr(run, entry.value(), out.append(": "), depth + 1);
            separator = ", ";
        }
        out.append('}');
    }

    private static void quote(String text, StringBuilder out) {
        char quote = text.indexOf('\'') >= 0 && text.indexOf('"') < 0 ? '"' : '\'';
        out.append(quote);
        text.codePoints().forEach(codePoint -> {
            switch (codePoint) {
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                case '\\' -> out.append("\\\\");
                default -> {
                    if (codePoint == quote) {
                        out.append('\\').append(quote);
                    } else if (PythonText.isPrintable(codePoint)) {
                        out.appendCodePoint(codePoint);
                    } else {
                        checkKnown(codePoint);
                        out.append(escape(codePoint));
                    }
                }
            }
        });
        out.append(quote);
    }

    /** A character that is newer than this Java may be one that Python writes as it is. */
    private static void checkKnown(int codePoint) {
        boolean never = (codePoint & 0xfffe) == 0xfffe || codePoint >= 0xfdd0 && codePoint <= 0xfdef;
        if (Character.getType(codePoint) == Character.UNASSIGNED && !never) {
            throw new InvalidInputException("the character U+" + Integer.toHexString(codePoint)
                    + " is unknown to this Java, so that it cannot be printed within a list or dict");
        }
    }

    private static String escape(int codePoint) {
        return codePoint < 0x100 ? "\\x%02x".formatted(codePoint)
                : codePoint < 0x10000 ? "\\u%04x".formatted(codePoint) : "\\U%08x".formatted(codePoint);
    }

    /** Python's {@code ascii}: like {@code repr}, with escapes for all that is not ASCII. */
    static String ascii(Run run, Object value) {
        StringBuilder out = new StringBuilder();
        repr(run, value).codePoints().forEach(codePoint -> {
            if (codePoint < 128) {
                out.append((char) codePoint);
            } else {
                out.append(escape(codePoint));
            }
        });
        return out.toString();
    }

    /** The characters of a text, of which Java may need two each. */
    static int length(String text) {
        return text.codePointCount(0, text.length());
    }

    /** A part by characters. */
    static String part(String text, int from, int to) {
        int start = text.offsetByCodePoints(0, from);
        return text.substring(start, text.offsetByCodePoints(start, to - from));
    }
}
