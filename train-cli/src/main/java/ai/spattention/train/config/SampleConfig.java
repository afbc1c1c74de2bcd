package ai.spattention.train.config;

import ai.spattention.olmoe.keys.InvalidKeyException;
import ai.spattention.olmoe.keys.Key;
import ai.spattention.olmoe.keys.Range;
import ai.spattention.olmoe.keys.RecordKeys;

/** The text that the model writes while it learns. */
public record SampleConfig(
        @Key(meaning = "steps between two samples; 0 for one at the end only", unit = "steps", defaultValue = "0")
        @Range(min = 0) int everySteps,
        @Key(meaning = "what the model goes on from; empty for no samples", defaultValue = "\"\"") String prompt,
        @Key(meaning = "length of a sample; 0 for no samples", unit = "tokens", defaultValue = "100")
        @Range(min = 0) int tokens,
        @Key(meaning = "what logits are divided by; 0 takes the likeliest token", defaultValue = "1.0")
        @Range(min = 0) double temperature,
        @Key(meaning = "how many of the likeliest tokens are drawn from; 0 for all", unit = "tokens", defaultValue = "0")
        @Range(min = 0) int topK,
        @Key(meaning = "probability that the tokens drawn from reach together; 1 for all tokens", defaultValue = "1.0")
        @Range(min = 0, minExcluded = true, max = 1) double topP) {

    private static final RecordKeys<SampleConfig> KEYS = RecordKeys.of(SampleConfig.class);

    /**
     * Checks the values.
     *
     * @throws InvalidKeyException if a value is out of range
     */
    public SampleConfig {
        KEYS.check("sample", everySteps, prompt, tokens, temperature, topK, topP);
    }

    /**
     * Whether text is to be sampled at all.
     *
     * @return true if there are a prompt and tokens to draw
     */
    public boolean asksForText() {
        return tokens > 0 && !prompt.isEmpty();
    }
}
