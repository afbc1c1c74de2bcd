package ai.spattention.train.config;

import com.fasterxml.jackson.annotation.JsonProperty;

/** How training passes run. */
public enum PassMode {

    /** As a plan of launches where the model and the GPU allow it, else by the model's blocks. */
    @JsonProperty("auto")
    AUTO,

    /** As a plan; an error where that cannot be. */
    @JsonProperty("plan")
    PLAN,

    /** By the model's blocks. */
    @JsonProperty("blocks")
    BLOCKS
}
