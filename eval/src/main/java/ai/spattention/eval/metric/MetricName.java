package ai.spattention.eval.metric;

import ai.spattention.common.InvalidInputException;
import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** The metrics, by the names that lm-evaluation-harness gives them. */
public enum MetricName {

    /** The share of rows whose likeliest choice is the right one; of continuations, that the model would have written itself. */
    ACC,

    /** The same with log-likelihoods divided by the choice's length in code points. */
    ACC_NORM,

    /** The same with log-likelihoods divided by the choice's length in bytes of UTF-8. */
    ACC_BYTES,

    /** exp of the mean negative log-likelihood of a continuation. */
    PERPLEXITY,

    /** exp of the negative log-likelihood by word. */
    WORD_PERPLEXITY,

    /** exp of the negative log-likelihood by byte. */
    BYTE_PERPLEXITY,

    /** The negative log-likelihood by byte, in bits. */
    BITS_PER_BYTE,

    /** The mean negative log-likelihood of a token, in nats. */
    LOSS,

    /** exp of the loss. */
    TOKEN_PERPLEXITY;

    /**
     * The name in files.
     *
     * @return the name in small letters
     */
    @JsonValue
    public String key() {
        return name().toLowerCase(Locale.ROOT);
    }

    /**
     * Finds a metric.
     *
     * @param key its name in small letters
     * @return the metric
     * @throws InvalidInputException if there is none of that name
     */
    @JsonCreator
    public static MetricName of(String key) {
        for (MetricName metric : values()) {
            if (metric.key().equals(key)) {
                return metric;
            }
        }
        throw new InvalidInputException("unknown metric '" + key + "': choose of "
                + Arrays.stream(values()).map(MetricName::key).collect(Collectors.joining(", ")));
    }

    /**
     * Whether it is computed from a question's choices.
     *
     * @return true for the accuracies
     */
    public boolean isOfChoices() {
        return this == ACC || this == ACC_NORM || this == ACC_BYTES;
    }
}
