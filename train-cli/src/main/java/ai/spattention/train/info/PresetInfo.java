package ai.spattention.train.info;

import ai.spattention.olmoe.config.OlmoeConfig;
import ai.spattention.train.config.Presets;
import ai.spattention.train.config.RunConfig;
import ai.spattention.train.config.RunConfigLoader;
import ai.spattention.train.loop.setup.ModelSetup;
import java.util.List;

/**
 * What a preset would train.
 *
 * @param name the preset
 * @param purpose what it is for, as its file says
 * @param totalParams parameters
 * @param activeParams parameters that one token uses
 * @param pattern the attention pattern
 * @param precision the precision of matrix products and activations
 * @param sequenceLength tokens of a sequence
 * @param tokensPerStep tokens that one step learns from
 * @param steps steps
 */
public record PresetInfo(String name, String purpose, long totalParams, long activeParams, String pattern, String precision,
        int sequenceLength, long tokensPerStep, long steps) {

    /**
     * All presets.
     *
     * @return what each would train, sorted by name
     */
    public static List<PresetInfo> all() {
        return Presets.names().stream().map(PresetInfo::of).toList();
    }

    private static PresetInfo of(String name) {
        RunConfig run = RunConfigLoader.load(Presets.find(name), List.of());
        OlmoeConfig model = ModelSetup.config(run, null);
        return new PresetInfo(name, Presets.purpose(name), model.totalParams(), model.activeParams(), model.patterns().toString(),
                run.precision().key(), run.data().sequenceLength(), run.tokensPerStep(), run.training().steps());
    }
}
