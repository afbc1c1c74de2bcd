package ai.spattention.olmoe.io;

import com.fasterxml.jackson.core.JsonProcessingException;
import java.util.regex.Pattern;

/** What is wrong with a JSON text, for people. */
public final class JsonProblem {

    /** Where the parser keeps its source, and its own switches, which no user has. */
    private static final Pattern INSIDES = Pattern.compile(
            " ?\\([^()]*\\[Source: .*|: enable `[^`]*` to allow|,? ?(?:\\()?from `[^`]*`(?=\\))| \\(through reference chain: .*");
    private static final Pattern INVISIBLE = Pattern.compile("[\\p{Cc}\\p{Cf}\\p{Co}\\p{Cs}\\p{Cn}\\p{Zl}\\p{Zp}]");

    private JsonProblem() {}

    /**
     * The parser's words on one line, without where it keeps its source; characters that cannot be seen are written as escapes.
     *
     * @param failure what the parser threw
     * @return the problem; the place is in {@link JsonProcessingException#getLocation()}
     */
    public static String of(JsonProcessingException failure) {
        String words = failure.getOriginalMessage().lines().findFirst().orElse("unreadable");
        return INVISIBLE.matcher(INSIDES.matcher(words).replaceAll(""))
                .replaceAll(found -> String.format("\\\\u%04x", found.group().codePointAt(0)));
    }
}
