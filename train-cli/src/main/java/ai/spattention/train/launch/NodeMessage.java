package ai.spattention.train.launch;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;

/**
 * What launchers say to each other, a line of JSON each.
 *
 * @param kind what is said
 * @param attempt of which attempt
 * @param node who says it
 * @param failure what failed, or null
 * @param text what both sides must have alike, or a refusal
 */
record NodeMessage(Kind kind, int attempt, int node, Failure failure, String text) {

    /** The kinds: of node 0 to others WELCOME, REFUSED, END and VERDICT, of others to node 0 HELLO, FAILED and LEFT. */
    enum Kind { HELLO, WELCOME, REFUSED, FAILED, END, LEFT, VERDICT }

    private static final ObjectMapper JSON = new ObjectMapper();

    static NodeMessage of(Kind kind, int attempt, int node, Failure failure) {
        return new NodeMessage(kind, attempt, node, failure, "");
    }

    static NodeMessage read(String line) throws IOException {
        return JSON.readValue(line, NodeMessage.class);
    }

    String line() {
        try {
            return JSON.writeValueAsString(this);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e); // a record of text and numbers
        }
    }
}
