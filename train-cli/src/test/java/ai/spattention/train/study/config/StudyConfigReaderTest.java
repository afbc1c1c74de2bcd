package ai.spattention.train.study.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import ai.spattention.common.InvalidInputException;
import ai.spattention.train.config.ConfigSource;
import ai.spattention.train.study.result.SpeedUp;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class StudyConfigReaderTest {

    static final String SOUND = """
            name: small
            base: quickstart
            settings: {precision: float32, training: {micro_batch: 4}}
            data: data
            held_out: [wiki, books]
            reference: causal
            margin: 0.01
            seeds: [1, 2]
            arms:
              causal: {model.attention_pattern: causal}
              sp: {description: bands and a window, model.attention_pattern: sp}
              mixed: {model: {attention_pattern: [sp, causal]}}
            parts:
              breadth: {steps: 30}
              depth: {steps: 60, settings: {schedule.warmup_steps: 6}, arms: [causal, sp], seeds: [7]}
            probes: [position, copy]
            speed_ups:
              sp: {factor: 1.5, source: one H200}
            deviations: [the text is another one]
            """;

    @TempDir
    private Path folder;

    private StudyConfig read(String text) {
        try {
            return StudyConfigReader.read(ConfigSource.file(Files.writeString(folder.resolve("study.yaml"), text)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private String refusal(String text) {
        return assertThrows(InvalidInputException.class, () -> read(text)).getMessage().replace(folder + "/", "");
    }

    @Test
    void readsWhatIsThere() {
        StudyConfig study = read(SOUND);
        assertEquals("small", study.name());
        assertEquals(SOUND, study.text());
        assertEquals("quickstart", study.base());
        assertEquals(Map.of("precision", "float32", "training.micro_batch", "4"), study.settings());
        assertEquals("data", study.data());
        assertEquals(List.of("wiki", "books"), study.heldOut());
        assertEquals("causal", study.reference());
        assertEquals(0.01, study.margin());
        assertEquals(List.of(new ArmConfig("causal", "", Map.of("model.attention_pattern", "causal")),
                new ArmConfig("sp", "bands and a window", Map.of("model.attention_pattern", "sp")),
                new ArmConfig("mixed", "", Map.of("model.attention_pattern", "[sp, causal]"))), study.arms());
        assertEquals(List.of(new PartConfig("breadth", 30, Map.of(), List.of("causal", "sp", "mixed"), List.of(1L, 2L)),
                new PartConfig("depth", 60, Map.of("schedule.warmup_steps", "6"), List.of("causal", "sp"), List.of(7L))), study.parts());
        assertEquals(List.of("position", "copy"), study.probes());
        assertEquals(List.of(new SpeedUp("sp", 1.5, "one H200")), study.speedUps());
        assertEquals(List.of("the text is another one"), study.deviations());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
            "reference: causal | reference: dense | study.yaml: reference must be one of the arms causal, sp, mixed (got 'dense')",
            "margin: 0.01 | margin: 0 | study.yaml: margin must be above 0 nats a token: by so much models may differ and still be called equal (got 0.0)",
            "margin: 0.01 | margin: -1 | study.yaml: margin must be above 0 nats a token: by so much models may differ and still be called equal (got -1.0)",
            "margin: 0.01 | margin: .nan | study.yaml:7: this is not YAML: Malformed numeric value '.nan'",
            "margin: 0.01 | margin: some | study.yaml: margin must be a number (got 'some')",
            "seeds: [1, 2] | seeds: [1, 1] | study.yaml: seeds must be different ones (got 1 twice)",
            "seeds: [1, 2] | seeds: [1, -2] | study.yaml: seeds must be whole numbers of at least 0 (got -2)",
            "seeds: [1, 2] | seeds: [] | study.yaml: parts.breadth has no seeds: give it seeds, or the study",
            "seeds: [7] | seeds: [7, 7] | study.yaml: parts.depth.seeds must be different ones (got 7 twice)",
            "steps: 30 | steps: 0 | study.yaml: parts.breadth.steps must be a whole number of at least 1 (got 0)",
            "steps: 30 | stepps: 30 | study.yaml: unknown key 'stepps' in parts.breadth: did you mean steps?",
            "arms: [causal, sp] | arms: [causal, spp] | study.yaml: parts.depth.arms must be of the arms causal, sp, mixed (got 'spp')",
            "arms: [causal, sp] | arms: [sp, mixed] | study.yaml: parts.depth.arms must hold the reference 'causal' and an arm to compare with it (got sp, mixed)",
            "name: small | nam: small | study.yaml: unknown key 'nam' in the configuration of a study: did you mean name?",
            "held_out: [wiki, books] | held_out: [wiki, wiki] | study.yaml: held_out must be different ones (got wiki twice)",
            "probes: [position, copy] | probes: [copy, copy] | study.yaml: probes must be different ones (got copy twice)",
            "description: bands and a window | description: [bands] | study.yaml: arms.sp.description must be a text (got [\"bands\"])",
            "data: data | data: ''| study.yaml: data is missing (got '')",
            "precision: float32 | seed: 3 | study.yaml: settings must not set seed: the study sets it",
            "model.attention_pattern: sp} | training.steps: 3} | study.yaml: arms.sp must not set training.steps: the study sets it",
            "model.attention_pattern: sp} | model: {attention_pattern: sp}, model.attention_pattern: sp} | study.yaml: arms.sp sets model.attention_pattern twice",
            "factor: 1.5 | factor: -1 | study.yaml: speed_ups.sp.factor must be above 0 (got -1.0)",
            "probes: [position, copy] | probes: [positions] | study.yaml: probes: there is no probe 'positions': choose of all, loss, position, recall, copy, length, tasks",
            "probes: [position, copy] | probes: position | study.yaml: probes must be a list (got 'position')",
    })
    void refuses(String before, String after, String message) {
        assertEquals(message, refusal(SOUND.replace(before, after)));
    }

    @Test
    void refusesOneArmNamesThatAreNoFoldersAndWhatIsNoYaml() {
        assertEquals("study.yaml: arms must name at least two models to compare (got 1)",
                refusal(SOUND.replaceAll("(?m)^  (sp|mixed): .*\n", "")));
        assertEquals("study.yaml: a name in arms must have letters, digits, dots, dashes and underscores, at most 64 (got '../sp')",
                refusal(SOUND.replace("  mixed:", "  ../sp:")));
        assertEquals("study.yaml: the configuration of a study must be a section with the keys name, base, settings, data, held_out, reference, margin,"
                + " seeds, arms, parts, probes, speed_ups, deviations (got [1])", refusal("[1]"));
        assertEquals("study.yaml:3: this is not YAML", refusal("name: x\nbase: [\nname: }").split(": this")[0] + ": this is not YAML");
        assertEquals("there is no configuration file none.yaml", assertThrows(InvalidInputException.class,
                () -> StudyConfigReader.read(ConfigSource.file(Path.of("none.yaml")))).getMessage());
    }
}
