package ai.spattention.train.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.Precision;
import ai.spattention.common.InvalidInputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RunConfigTest {

    @Test
    void defaults() {
        RunConfig config = ConfigFiles.load();
        assertEquals(new RunConfig("test", "", 0, DeviceChoice.AUTO, Precision.FLOAT32, config.model(), "auto",
                config.data(), config.training(), config.distributed(), config.optimizer(), config.schedule(), config.validation(),
                config.evaluation(), config.checkpoint(), config.sample()), config);
    }

    @Test
    void everyKey() {
        RunConfig changed = ConfigFiles.load("name=other", "seed=5000000000", "device=gpu", "precision=float32");
        assertEquals("other", changed.name());
        assertEquals(5_000_000_000L, changed.seed());
        assertEquals(DeviceChoice.GPU, changed.device());
        assertEquals(Precision.FLOAT32, changed.precision());
        assertEquals(DeviceChoice.CPU, ConfigFiles.load("device=cpu").device());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
            "name=a b | name must be 1 to 100 letters, digits, dots, dashes and underscores (got a b)",
            "name=.. / | name must be 1 to 100 letters, digits, dots, dashes and underscores (got .. /)",
            "name= | name must be 1 to 100 letters, digits, dots, dashes and underscores (got )",
            "name=1 | name must be text (got 1): put it in quotes",
            "seed=-1 | seed must be at least 0 (got -1)",
            "seed=1.5 | seed must be a whole number (got 1.5)",
            "device=cuda | 'device must be one of cpu, gpu, auto (got ''cuda'')'",
            "device=0 | 'device must be one of cpu, gpu, auto (got 0)'",
            "precision=float16 | 'precision must be one of float32, bfloat16 (got ''float16'')'"
    })
    void refuses(String override, String message) {
        assertEquals(message, ConfigFiles.refusedOverride(override));
    }

    @Test
    void refusesToComputeAgainWhatIsRandom() {
        String message = assertThrows(InvalidInputException.class, () ->
                ConfigFiles.load("training.activation_checkpointing=true", "model.attention_dropout=0.1")).getMessage();
        assertTrue(message.endsWith("training.activation_checkpointing computes a layer twice, which model.attention_dropout makes"
                + " differ (got full and 0.1): switch one of the two off"), message);
    }

    @Test
    void autoComputesNothingRandomAgain() {
        assertEquals(0.1f, ConfigFiles.load("training.activation_checkpointing=auto", "model.attention_dropout=0.1").model().attentionDropout());
        assertTrue(assertThrows(InvalidInputException.class, () -> ConfigFiles.load("training.activation_checkpointing=selective",
                "model.attention_dropout=0.1")).getMessage().contains("(got selective and 0.1)"));
    }

    @Test
    void countsTheTokensOfAStepWithoutOverflow() {
        assertEquals(4 * 3 * 128, ConfigFiles.load("training.gradient_accumulation_steps=3").tokensPerStep());
        assertEquals(4L * 100_000_000 * 128,
                ConfigFiles.load("training.gradient_accumulation_steps=100000000").tokensPerStep());
    }

    @Test
    void refusesMoreTokensThanCanBeCounted() {
        String message = assertThrows(InvalidInputException.class, () -> ConfigFiles.load("training.steps=2147483647",
                "training.micro_batch=2147483647", "training.gradient_accumulation_steps=2147483647")).getMessage();
        assertTrue(message.contains("data.sequence_length together ask for more tokens than can be counted (got 2147483647,"
                + " 2147483647, 2147483647 and 128)"), message);
    }

    @Test
    void movesToOtherData() {
        RunConfig config = ConfigFiles.load("data.document_mask=true", "seed=3");
        RunConfig moved = config.withDataPath("elsewhere");
        assertEquals(new DataConfig("elsewhere", ValidationFolders.NONE, 3, 128, true), moved.data());
        assertEquals(config, moved.withDataPath(""));
    }

    @Test
    void refusesValuesWhenMadeByHandToo() {
        assertEquals("training.steps must be at least 1 (got 0)", assertThrows(InvalidInputException.class,
                () -> new TrainingConfig(0, 1, 1, 1, 0, 0, ActivationCheckpointing.NONE, PassMode.AUTO, GraphMode.AUTO, null)).getMessage());
    }
}
