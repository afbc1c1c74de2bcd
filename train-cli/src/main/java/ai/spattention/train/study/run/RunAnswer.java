package ai.spattention.train.study.run;

import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.io.StrictJson;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.Objects;
import java.util.Optional;

/**
 * What came of an order, a line of JSON. The result itself is in the run's folder.
 *
 * @param kind what came of it
 * @param text what happened, for a person; empty unless something went wrong
 */
record RunAnswer(Kind kind, String text) {

    /** What may come of an order. */
    enum Kind {
        /** The run is finished. */
        DONE,
        /** It was left unfinished, as asked. */
        STOPPED,
        /** It failed; others may not. */
        FAILED,
        /** Its folder or its data are not as they have to be. */
        REFUSED,
        /** Something could not be read or written. */
        BROKEN
    }

    private static final ObjectMapper JSON = StrictJson.ofRecords().build();

    static RunAnswer of(Exception failure) {
        Kind kind = failure instanceof InvalidInputException ? Kind.REFUSED : failure instanceof IOException ? Kind.BROKEN : Kind.FAILED;
        return new RunAnswer(kind, Objects.requireNonNullElse(failure.getMessage(), failure.toString()));
    }

    /** An answer; empty if a library that writes to standard output wrote the line. */
    static Optional<RunAnswer> read(String line) {
        try {
            return Optional.of(JSON.readValue(line, RunAnswer.class));
        } catch (JsonProcessingException e) {
            return Optional.empty();
        }
    }

    String line() {
        return JSON.valueToTree(this).toString();
    }
}
