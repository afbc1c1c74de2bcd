package ai.spattention.train.config;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ScheduleConfigTest {

    private static final ScheduleConfig DEFAULTS = new ScheduleConfig(ScheduleType.WARMUP_COSINE, 0, 0, 0.1);

    @Test
    void defaults() {
        assertEquals(DEFAULTS, ConfigFiles.load().schedule());
    }

    @Test
    void everyKey() {
        ScheduleConfig changed = ConfigFiles.load(
                "schedule.type=wsd",
                "schedule.warmup_steps=10",
                "schedule.decay_steps=20",
                "schedule.min_lr_ratio=0").schedule();
        assertEquals(new ScheduleConfig(ScheduleType.WSD, 10, 20, 0), changed);
        ConfigFiles.assertAllDiffer(DEFAULTS, changed);
        assertEquals(ScheduleType.CONSTANT, ConfigFiles.load("schedule.type=constant").schedule().type());
        assertEquals(ScheduleType.LINEAR, ConfigFiles.load("schedule.type=linear").schedule().type());
    }

    @Test
    void warmupAndDecayFitTheRun() {
        String[] whole = {"schedule.type=wsd", "schedule.warmup_steps=40", "schedule.decay_steps=60"};
        assertEquals(60, ConfigFiles.load(whole).schedule().decaySteps());
        assertEquals("--set schedule.decay_steps=61: schedule.warmup_steps and schedule.decay_steps together must be at most"
                + " training.steps (got 40 + 61 and 100)", ConfigFiles.refusal(ConfigFiles.REQUIRED,
                "schedule.type=wsd", "schedule.warmup_steps=40", "schedule.decay_steps=61"));
        assertEquals(500, ConfigFiles.load("schedule.decay_steps=500").schedule().decaySteps(), "without effect on a cosine");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
            "schedule.type=cosine | 'schedule.type must be one of warmup-cosine, linear, wsd, constant (got ''cosine'')'",
            "schedule.warmup_steps=-1 | schedule.warmup_steps must be at least 0 (got -1)",
            "schedule.decay_steps=-1 | schedule.decay_steps must be at least 0 (got -1)",
            "schedule.type=wsd | 'schedule.decay_steps must be at least 1 for schedule.type wsd (got 0): say how many of the last steps fall, or choose constant'",
            "schedule.warmup_steps=101 | schedule.warmup_steps must be at most training.steps (got 101 and 100)",
            "schedule.min_lr_ratio=1.5 | schedule.min_lr_ratio must lie in [0, 1] (got 1.5)",
    })
    void refuses(String override, String message) {
        assertEquals(message, ConfigFiles.refusedOverride(override));
    }
}
