package ai.spattention.eval.task;

import com.fasterxml.jackson.annotation.JsonProperty;

/** What a task asks of a model. */
public enum TaskKind {

    /** The likeliest of several continuations, or of several contexts for one continuation. */
    @JsonProperty("multiple_choice") MULTIPLE_CHOICE,

    /** The likelihood of one continuation. */
    @JsonProperty("continuation") CONTINUATION,

    /** The likelihood of a whole text. */
    @JsonProperty("rolling") ROLLING
}
