package ai.spattention.train.config;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.Locale;

/** What the processes of a run share out among themselves, each keeping a part of it. */
public enum ShardMode {

    /** Nothing: every process keeps the whole state of the optimizer. */
    @JsonProperty("none")
    NONE,

    /** The optimizer's state. */
    @JsonProperty("optimizer")
    OPTIMIZER,

    /** The optimizer's state, and gradients between two micro-batches. */
    @JsonProperty("gradients")
    GRADIENTS;

    /** The word that stands for it in a configuration. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
