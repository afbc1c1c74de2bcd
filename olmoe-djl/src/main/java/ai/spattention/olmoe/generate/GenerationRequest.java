package ai.spattention.olmoe.generate;

import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.config.GenerationConfig;
import ai.spattention.olmoe.tokenizer.SpecialToken;
import ai.spattention.olmoe.tokenizer.SpecialTokens;
import java.nio.file.Path;
import java.util.stream.Collectors;

/**
 * How somebody wants a model's texts continued. What is null is left to the model's folder: for each setting {@code
 * generation_config.json} decides, and where that is silent a default.
 *
 * <table>
 *   <caption>Where nothing is asked for</caption>
 *   <tr><th>setting</th><th>the file says</th><th>else</th></tr>
 *   <tr><td>temperature</td><td>with {@code do_sample} true: {@code temperature}, else 1; with {@code do_sample} false: 0, the likeliest
 *       token always</td><td>the caller's default, or {@code temperature} where that samples</td></tr>
 *   <tr><td>top-k</td><td>{@code top_k}, else with {@code do_sample} true: 50, as in transformers</td><td>0: all</td></tr>
 *   <tr><td>top-p</td><td>{@code top_p}</td><td>1: all</td></tr>
 *   <tr><td>new tokens</td><td>{@code max_new_tokens}, else {@code max_length} less the prompt's</td><td>128</td></tr>
 * </table>
 *
 * @param temperature as in {@link Sampling}, or null
 * @param topK as in {@link Sampling}, or null
 * @param topP as in {@link Sampling}, or null
 * @param maxNewTokens how many tokens are drawn at most, at least 1, or null
 * @param seed the seed of the random numbers
 */
public record GenerationRequest(Double temperature, Integer topK, Double topP, Integer maxNewTokens, long seed) {

    private static final int TOP_K_OF_SAMPLING = 50;

    /**
     * Settles what is open.
     *
     * @param folder the model's folder
     * @param defaultTemperature the temperature where nobody says one, at least 0
     * @return the options, with the folder's end tokens
     * @throws InvalidInputException if a value lies outside its range, or the folder's files are damaged or ask for what is not
     *     supported
     */
    public GenerationOptions in(Path folder, double defaultTemperature) {
        GenerationConfig config = GenerationConfig.read(folder);
        boolean asksToSample = Boolean.TRUE.equals(config.doSample());
        boolean samples = config.doSample() == null ? defaultTemperature > 0 : asksToSample;
        double usual = !samples ? 0 : or(config.temperature(), asksToSample ? 1.0 : defaultTemperature);
        Sampling sampling = new Sampling(or(temperature, usual),
                or(topK, or(config.topK(), asksToSample ? TOP_K_OF_SAMPLING : 0)), or(topP, or(config.topP(), 1.0)), seed);
        boolean byLength = maxNewTokens == null && config.maxNewTokens() == null && config.maxLength() != null;
        return new GenerationOptions(sampling,
                byLength ? config.maxLength() : or(maxNewTokens, or(config.maxNewTokens(), GenerationOptions.DEFAULT_MAX_NEW_TOKENS)),
                byLength ? config.maxLength() : GenerationOptions.ANY_LENGTH,
                SpecialTokens.read(folder).ends().stream().map(SpecialToken::id).map(Integer::longValue).collect(Collectors.toSet()));
    }

    private static <T> T or(T value, T otherwise) {
        return value == null ? otherwise : value;
    }
}
