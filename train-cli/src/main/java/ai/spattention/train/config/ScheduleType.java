package ai.spattention.train.config;

import com.fasterxml.jackson.annotation.JsonProperty;

/** The shape of the learning rate over the steps. */
public enum ScheduleType {

    /** A line up to the peak, then half a cosine down to the lowest rate at the last step. */
    @JsonProperty("warmup-cosine")
    WARMUP_COSINE,

    /** A line up to the peak, then a line down to the lowest rate at the last step. */
    @JsonProperty("linear")
    LINEAR,

    /** Warm-up, stable, decay: a line up to the peak, the peak, then a line down over the last decay_steps. */
    @JsonProperty("wsd")
    WSD,

    /** A line up to the peak, then the peak. */
    @JsonProperty("constant")
    CONSTANT
}
