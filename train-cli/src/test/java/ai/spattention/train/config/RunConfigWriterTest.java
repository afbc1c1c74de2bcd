package ai.spattention.train.config;

import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.spattention.Precision;
import ai.spattention.olmoe.config.LayerPatterns;
import ai.spattention.olmoe.config.OlmoeConfig;
import ai.spattention.pattern.LayoutLength;
import ai.spattention.pattern.StandardPattern;
import ai.spattention.pattern.Window;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.From;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RunConfigWriterTest {

    @Test
    void writesEveryKeyOnce() {
        assertEquals(List.of("name:", "from:", "seed:", "device:", "precision:", "model:", "data:", "training:", "distributed:", "optimizer:",
                "schedule:", "validation:", "evaluation:", "checkpoint:", "sample:"),
                RunConfigWriter.toYaml(ConfigFiles.load()).lines().filter(line -> !line.startsWith(" "))
                        .map(line -> line.split(" ")[0]).toList());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " ", "null", "~", "1e5", "yes", "a: b", "# no", "*x", "two\nlines\n", "\ttab", "\"", "'",
        "\u0000\u0007\u001b", "\u0085\u2028\ufeff", "\ud83d\ude00 ü", "---", "%", "\\n", "x\r\ny"})
    void textSurvives(String text) {
        assertRoundTrip(with(ConfigFiles.load(), text, 1));
    }

    @Property(tries = 200)
    void everyConfigurationReadsBackAsItself(@ForAll String prompt, @ForAll @LongRange(min = 0) long seed,
            @ForAll @From("positive") double number, @ForAll @From("positiveFloat") float single, @ForAll boolean flag,
            @ForAll @IntRange(min = 1, max = 64) int small, @ForAll StandardPattern pattern) {
        OlmoeConfig model = OlmoeConfig.builder().setVocabSize(small).setHiddenSize(2 * small).setIntermediateSize(small)
                .setNumHiddenLayers(small).setNumAttentionHeads(small).optNumKeyValueHeads(1).setNumExperts(small).setNumExpertsPerTok(1)
                .optNormTopkProb(flag).optClipQkv(flag ? single : null).optRopeTheta(number).optRmsNormEps(single).optTieWordEmbeddings(flag)
                .optAttentionBias(!flag).optHeadDim(flag ? 2 : 2 * small).optInitializerRange(single).setMaxPositionEmbeddings(1000)
                .optPatterns(new LayerPatterns(flag || small == 1 ? List.of(pattern) : List.of(pattern, new Window(small))))
                .optLayoutLength(flag ? LayoutLength.SEQUENCE : LayoutLength.of(small)).optAttentionDropout(0.5f).build();
        RunConfig base = ConfigFiles.load();
        String text = new String(prompt.codePoints().filter(c -> c < 0xd800 || c > 0xdfff).toArray(), 0,
                (int) prompt.codePoints().filter(c -> c < 0xd800 || c > 0xdfff).count());
        assertRoundTrip(with(new RunConfig("run", "", seed, DeviceChoice.CPU, Precision.FLOAT32, model, "tiled", base.data(),
                base.training(), base.distributed(), base.optimizer(), base.schedule(), base.validation(), base.evaluation(), base.checkpoint(),
                base.sample()),
                text, number));
    }

    @Test
    void settingsOfSeveralPatternsCanBeSetAgain() {
        RunConfig config = ConfigFiles.load("model.attention_pattern=[sp, window:7]");
        String value = RunConfigWriter.settings(config).get("model.attention_pattern");
        assertEquals("[sp, window:7]", value);
        assertEquals(config, ConfigFiles.load("model.attention_pattern=" + value));
    }

    @Test
    void wordsThatYamlTakesForOthersReadBackAsThemselves() {
        assertRoundTrip(ConfigFiles.load("training.cuda_graph=off", "training.pass=plan", "training.activation_checkpointing=selective"));
    }

    @Test
    void presetsReadBackAsThemselves() {
        for (String name : Presets.names()) {
            assertRoundTrip(RunConfigLoader.load(Presets.find(name), List.of()));
        }
    }

    @Provide
    Arbitrary<Double> positive() {
        return Arbitraries.longs().between(1, Double.doubleToLongBits(Double.MAX_VALUE)).map(Double::longBitsToDouble);
    }

    @Provide
    Arbitrary<Float> positiveFloat() {
        return Arbitraries.integers().between(1, Float.floatToIntBits(Float.MAX_VALUE)).map(Float::intBitsToFloat);
    }

    private static RunConfig with(RunConfig config, String prompt, double temperature) {
        return new RunConfig(config.name(), config.from(), config.seed(), config.device(), config.precision(), config.model(), config.kernel(),
                config.data(), config.training(), config.distributed(), config.optimizer(), config.schedule(), config.validation(),
                config.evaluation(), config.checkpoint(), new SampleConfig(0, prompt, 1, temperature, 0, 1));
    }

    private static void assertRoundTrip(RunConfig config) {
        assertEquals(config, ConfigFiles.loadText(RunConfigWriter.toYaml(config)));
    }
}
