package ai.spattention.train.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.common.InvalidInputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A step of the test's configuration is 4 sequences of 128 tokens: 512 tokens. */
class TokenLengthsTest {

    private static final String IN_TOKENS = ConfigFiles.REQUIRED.replace("steps: 100", "tokens: 51200");

    @TempDir
    private Path folder;

    @Test
    void tokensBecomeSteps() {
        RunConfig config = ConfigFiles.loadText(IN_TOKENS
                + "schedule: {type: wsd, warmup_tokens: 5120, decay_tokens: 10240}");
        assertEquals(100, config.training().steps());
        assertEquals(10, config.schedule().warmupSteps());
        assertEquals(20, config.schedule().decaySteps());
    }

    @Property(tries = 100)
    void theStepsAreTheFewestThatReachTheTokens(@ForAll @LongRange(min = 1, max = 1L << 40) long tokens,
            @ForAll @IntRange(min = 100, max = 1 << 20) int accumulation) {
        RunConfig config = ConfigFiles.load("training.tokens=" + tokens,
                "training.gradient_accumulation_steps=" + accumulation);
        long steps = config.training().steps();
        assertTrue(steps * config.tokensPerStep() >= tokens && (steps - 1) * config.tokensPerStep() < tokens);
    }

    @Test
    void roundUp() {
        assertEquals(100, ConfigFiles.load("training.tokens=51199").training().steps());
        assertEquals(101, ConfigFiles.load("training.tokens=51201").training().steps());
        assertEquals(1, ConfigFiles.load("training.tokens=1").training().steps());
        assertEquals(1, ConfigFiles.load("schedule.warmup_tokens=1").schedule().warmupSteps());
        assertEquals(0, ConfigFiles.load("schedule.warmup_tokens=0").schedule().warmupSteps());
    }

    @Test
    void followTheSizeOfAStep() {
        assertEquals(25, ConfigFiles.loadText(IN_TOKENS, "training.gradient_accumulation_steps=4").training().steps());
        assertEquals(400, ConfigFiles.loadText(IN_TOKENS, "data.sequence_length=32").training().steps());
        assertEquals(50, ConfigFiles.loadText(IN_TOKENS, "training.micro_batch=8").training().steps());
    }

    @Test
    void theOtherUnitOfABaseGivesWay() throws IOException {
        Path base = Files.writeString(folder.resolve("base.yaml"), ConfigFiles.REQUIRED + "schedule: {warmup_tokens: 2048}\n");
        Path top = Files.writeString(folder.resolve("top.yaml"),
                "extends: base.yaml\ntraining: {tokens: 10240}\nschedule: {warmup_steps: 3}\n");
        assertEquals(4, load(base).schedule().warmupSteps());
        assertEquals(20, load(top).training().steps());
        assertEquals(3, load(top).schedule().warmupSteps());
        assertEquals(7, load(top, "training.steps=7").training().steps());
        assertEquals(2, load(top, "training.tokens=1024", "schedule.warmup_steps=0").training().steps());
        assertEquals(2, load(top, "training.tokens=5120", "training.tokens=1024", "schedule.warmup_steps=0").training().steps());
    }

    private static RunConfig load(Path file, String... overrides) {
        return RunConfigLoader.load(ConfigSource.file(file), List.of(overrides));
    }

    @Test
    void bothUnitsInOnePlaceAreRefused() throws IOException {
        assertEquals("run.yaml:13: training.tokens and training.steps mean the same: give one of them",
                ConfigFiles.refusal(ConfigFiles.REQUIRED.replace("  steps: 100", "  tokens: 512\n  steps: 100")));
        assertEquals("--set schedule.warmup_tokens=9: schedule.warmup_tokens and schedule.warmup_steps mean the same:"
                + " give one of them", ConfigFiles.refusal(ConfigFiles.REQUIRED,
                "schedule.warmup_tokens=9", "schedule.warmup_steps=1"));
        Path base = Files.writeString(folder.resolve("base.yaml"),
                ConfigFiles.REQUIRED + "schedule: {decay_tokens: 1, decay_steps: 1}\n");
        Path top = Files.writeString(folder.resolve("top.yaml"), "extends: base.yaml\n");
        assertEquals(base + ":17: schedule.decay_tokens and schedule.decay_steps mean the same: give one of them",
                assertThrows(InvalidInputException.class,
                        () -> load(top)).getMessage());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
            "training.tokens=0 | training.tokens must be at least 1 (got 0)",
            "training.tokens=-5 | training.tokens must be at least 1 (got -5)",
            "training.tokens=5e3 | training.tokens must be a whole number (got 5e3)",
            "training.tokens=null | training.tokens must be a whole number (got null)",
            "training.tokens=99999999999999999999 | training.tokens must be a whole number (got 99999999999999999999): that is too large",
            "training.tokens=5000000000000 | 'training.tokens is 9765625000 steps of 512 tokens each, more than 2147483647: choose fewer tokens or larger steps'",
            "schedule.warmup_tokens=-1 | schedule.warmup_tokens must be at least 0 (got -1)",
            "schedule.warmup_tokens=51201 | schedule.warmup_steps must be at most training.steps (got 101 and 100)",
            "training.tokenz=1 | unknown key 'training.tokenz': did you mean training.tokens?",
    })
    void refuses(String override, String message) {
        assertEquals(message, ConfigFiles.refusedOverride(override));
    }

    @Test
    void anImpossibleSizeOfAStepIsBlamedItself() {
        assertEquals("--set training.micro_batch=0: training.micro_batch must be at least 1 (got 0)",
                ConfigFiles.refusal(IN_TOKENS, "training.micro_batch=0"));
        assertEquals("run.yaml lacks training.micro_batch (a whole number)",
                ConfigFiles.refusal(IN_TOKENS.replace("  micro_batch: 4\n", "")));
    }

    @Test
    void theResolvedConfigurationHasStepsOnly() {
        RunConfig config = ConfigFiles.loadText(IN_TOKENS);
        String yaml = RunConfigWriter.toYaml(config);
        for (String key : List.of("warmup_tokens", "decay_tokens", "tokens: 51200")) {
            assertFalse(yaml.contains(key), yaml);
        }
        assertEquals(config, ConfigFiles.loadText(yaml));
    }
}
