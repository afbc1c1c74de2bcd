package ai.spattention.train.config;

import com.fasterxml.jackson.annotation.JsonProperty;

/** Where to compute. */
public enum DeviceChoice {

    /** The processor. */
    @JsonProperty("cpu")
    CPU,

    /** The first GPU; an error where there is none. */
    @JsonProperty("gpu")
    GPU,

    /** The first GPU, or the processor where there is none. */
    @JsonProperty("auto")
    AUTO
}
