package ai.spattention.eval.task;

import ai.spattention.eval.python.PythonText;
import java.util.regex.Pattern;

/** Removes what the making of a data set left in its text, as lm-evaluation-harness does it. */
final class Detokenize {

    private static final Pattern BRACKETS = Pattern.compile("\\[.*?\\]");
    private static final String SPACES = "[\\s\\x1c-\\x1f]*";

    private Detokenize() {}

    /** HellaSwag: titles become sentences, other text in brackets goes, two spaces become one, once. */
    static String hellaswag(String text) {
        String joined = PythonText.strip(text).replace(" [title]", ". ");
        return BRACKETS.matcher(joined).replaceAll("").replace("  ", " ");
    }

    /** WikiText: number separators, punctuation, brackets and quotes are joined to their words again. */
    static String wikitext(String page) {
        String text = page.replace("s '", "s'");
        // the slashes are in the original's expression, and the brackets in its replacement
        text = text.replaceAll("/' [0-9]/", "/'[0-9]/");
        text = text.replace(" @-@ ", "-").replace(" @,@ ", ",").replace(" @.@ ", ".");
        text = text.replace(" : ", ": ").replace(" ; ", "; ").replace(" . ", ". ");
        text = text.replace(" ! ", "! ").replace(" ? ", "? ").replace(" , ", ", ");
        text = inside(text, "\\(", "[^\\)]", "\\)", "($1)");
        text = inside(text, "\\[", "[^\\]]", "\\]", "[$1]");
        text = inside(text, "\\{", "[^}]", "\\}", "{$1}");
        text = inside(text, "\"", "[^\"]", "\"", "\"$1\"");
        text = inside(text, "'", "[^']", "'", "'$1'");
        text = text.replace("= = = =", "====").replace("= = =", "===").replace("= =", "==");
        text = text.replace(" \u00b0 ", "\u00b0").replace(" \n", "\n").replace("\n ", "\n");
        return text.replace(" N ", " 1 ").replace(" 's", "'s");
    }

    private static String inside(String text, String open, String character, String close, String replacement) {
        return Pattern.compile(open + SPACES + "(" + character + "*?)" + SPACES + close, Pattern.UNICODE_CHARACTER_CLASS)
                .matcher(text).replaceAll(replacement);
    }
}
