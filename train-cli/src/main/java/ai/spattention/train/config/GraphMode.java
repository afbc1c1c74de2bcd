package ai.spattention.train.config;

import com.fasterxml.jackson.annotation.JsonProperty;

/** Whether a planned pass is started as one CUDA graph. */
public enum GraphMode {

    /** As a graph where the driver makes one. */
    @JsonProperty("auto")
    AUTO,

    /** Launch by launch. */
    @JsonProperty("off")
    OFF
}
