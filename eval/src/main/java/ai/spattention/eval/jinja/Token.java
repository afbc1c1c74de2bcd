package ai.spattention.eval.jinja;

/**
 * A token.
 *
 * @param kind what it is
 * @param text a name, an operator or text; what a literal stands for
 * @param value a number's value
 * @param line its line, from 1 on
 */
record Token(Kind kind, String text, Object value, int line) {

    enum Kind { DATA, PRINT_BEGIN, PRINT_END, TAG_BEGIN, TAG_END, NAME, TEXT, INTEGER, FLOAT, OPERATOR, END }

    boolean is(Kind wanted, String text) {
        return kind == wanted && this.text.equals(text);
    }

    boolean isName(String name) {
        return is(Kind.NAME, name);
    }

    boolean isOperator(String operator) {
        return is(Kind.OPERATOR, operator);
    }

    String shown() {
        return switch (kind) {
            case DATA -> "text";
            case PRINT_BEGIN -> "'{{'";
            case PRINT_END -> "'}}'";
            case TAG_BEGIN -> "'{%'";
            case TAG_END -> "'%}'";
            case END -> "the end";
            case TEXT -> "the text '" + text + "'";
            default -> "'" + text + "'";
        };
    }
}
