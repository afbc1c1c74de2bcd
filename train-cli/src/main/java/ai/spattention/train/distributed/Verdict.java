package ai.spattention.train.distributed;

import ai.spattention.common.InvalidInputException;
import com.fasterxml.jackson.annotation.JsonProperty;

/**
 * What rank 0 answers to everyone.
 *
 * @param payload what it has for all; null where it refuses
 * @param refusal why there is no payload, one line; null where there is one
 * @param isBadInput whether somebody has to change something, as opposed to a failure
 */
record Verdict(@JsonProperty("payload") byte[] payload, @JsonProperty("refusal") String refusal,
        @JsonProperty("is_bad_input") boolean isBadInput) {

    static Verdict accepted(byte[] payload) {
        return new Verdict(payload, null, false);
    }

    static Verdict refused(String why) {
        return new Verdict(null, why, true);
    }

    static Verdict failed(String why) {
        return new Verdict(null, why, false);
    }

    byte[] payloadOrThrow() {
        if (refusal == null) {
            return payload;
        }
        throw isBadInput ? new InvalidInputException(refusal) : new CollectiveException(refusal);
    }
}
