package ai.spattention.train.config;

import com.fasterxml.jackson.annotation.JsonProperty;

/** The number format of weights and activations. */
public enum Precision {

    /** 32 bits throughout. */
    @JsonProperty("float32")
    FLOAT32
}
