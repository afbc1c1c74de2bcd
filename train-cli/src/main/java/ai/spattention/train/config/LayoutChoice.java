package ai.spattention.train.config;

import ai.spattention.olmoe.config.OlmoeConfig;
import ai.spattention.pattern.LayoutLength;
import com.fasterxml.jackson.annotation.JsonProperty;

/** From which length a model's bands are computed while it is measured. */
public enum LayoutChoice {

    /** As in training. */
    @JsonProperty("model")
    MODEL,

    /** From a fixed length: the model's if it has one, else that of its longest sequence. */
    @JsonProperty("fixed")
    FIXED,

    /** From the sequence at hand, as published. */
    @JsonProperty("sequence")
    SEQUENCE;

    /**
     * The layout length.
     *
     * @param model the model's configuration
     * @return the length to measure with
     */
    public LayoutLength of(OlmoeConfig model) {
        return switch (this) {
            case MODEL -> model.layoutLength();
            case FIXED -> model.layoutLength().isSequence() ? LayoutLength.of(model.maxPositionEmbeddings()) : model.layoutLength();
            case SEQUENCE -> LayoutLength.SEQUENCE;
        };
    }
}
