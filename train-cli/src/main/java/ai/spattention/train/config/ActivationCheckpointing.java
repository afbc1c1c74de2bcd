package ai.spattention.train.config;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.Locale;

/** What is kept of each layer for the backward pass; the rest is computed again there. Most memory, least work first. */
public enum ActivationCheckpointing {

    /** Everything is kept. */
    @JsonProperty("none")
    NONE,

    /** What costs little for its memory is computed again: a planned pass does a fiftieth more work. */
    @JsonProperty("selective")
    SELECTIVE,

    /** Only each layer's input is kept: a third more work. */
    @JsonProperty("full")
    FULL,

    /** The fastest of them whose memory the GPU has; none on a processor. */
    @JsonProperty("auto")
    AUTO;

    /** The word that stands for it in a configuration. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
