package ai.spattention.olmoe.json;

import com.fasterxml.jackson.core.JsonProcessingException;

/** What is wrong with a JSON text, for people. */
public final class JsonProblem {

    private JsonProblem() {}

    /**
     * The parser's words on one line, without where it keeps its source.
     *
     * @param failure what the parser threw
     * @return the problem; the place is in {@link JsonProcessingException#getLocation()}
     */
    public static String of(JsonProcessingException failure) {
        return failure.getOriginalMessage().lines().findFirst().orElse("unreadable").replaceAll(" ?\\([^()]*\\[Source: .*", "");
    }
}
