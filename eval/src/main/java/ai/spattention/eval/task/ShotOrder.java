package ai.spattention.eval.task;

import com.fasterxml.jackson.annotation.JsonProperty;

/** Which rows become examples. */
public enum ShotOrder {

    /** A sample drawn anew for each row, as CPython's {@code Random(1234).sample} draws it. */
    @JsonProperty("random") RANDOM,

    /** The first rows. */
    @JsonProperty("first") FIRST
}
