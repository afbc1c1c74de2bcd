package ai.spattention.train.config;

/**
 * The text that the model writes while it learns.
 *
 * @param everySteps steps between two samples, at least 0; 0, the default, for one at the end only
 * @param prompt what the model goes on from; empty by default
 * @param tokens tokens of a sample, at least 0; 0 for no samples; default 100
 * @param temperature what logits are divided by, at least 0; 0 takes the likeliest token; default 1
 * @param topK how many of the likeliest tokens are drawn from, at least 0; 0, the default, for all
 * @param topP the probability that the tokens drawn from reach together, in (0, 1]; 1, the default, for all
 */
public record SampleConfig(int everySteps, String prompt, int tokens, double temperature, int topK, double topP)
        implements Section {

    /**
     * Checks the values.
     *
     * @throws ai.spattention.common.InvalidInputException if a value is out of range
     */
    public SampleConfig {
        Require.atLeast("sample.every_steps", everySteps, 0);
        Require.atLeast("sample.tokens", tokens, 0);
        Require.notNegative("sample.temperature", temperature);
        Require.atLeast("sample.top_k", topK, 0);
        Require.that(topP > 0 && topP <= 1, "sample.top_p", "must lie in (0, 1]", topP);
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
