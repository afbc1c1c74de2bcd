package ai.spattention.eval.jinja;

/**
 * Text that is marked as HTML, by {@code safe}, {@code escape} and {@code tojson}: ordinary text that is joined to it is
 * escaped.
 *
 * @param text the text
 */
record Markup(String text) {

    static Markup escape(String text) {
        return new Markup(text.replace("&", "&amp;").replace(">", "&gt;").replace("<", "&lt;").replace("'", "&#39;")
                .replace("\"", "&#34;"));
    }
}
