package ai.spattention.train.config;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ScheduleConfigTest {

    private static final ScheduleConfig DEFAULTS = new ScheduleConfig(ScheduleType.WARMUP_COSINE, 0, 0.1);

    @Test
    void defaults() {
        assertEquals(DEFAULTS, ConfigFiles.load().schedule());
    }

    @Test
    void everyKey() {
        ScheduleConfig changed = ConfigFiles.load(
                "schedule.type=constant",
                "schedule.warmup_steps=10",
                "schedule.min_lr_ratio=0").schedule();
        assertEquals(new ScheduleConfig(ScheduleType.CONSTANT, 10, 0), changed);
        ConfigFiles.assertAllDiffer(DEFAULTS, changed);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
            "schedule.type=cosine | 'schedule.type must be one of warmup-cosine, constant (got ''cosine'')'",
            "schedule.warmup_steps=-1 | schedule.warmup_steps must be at least 0 (got -1)",
            "schedule.warmup_steps=101 | schedule.warmup_steps must be at most training.steps (got 101 and 100)",
            "schedule.min_lr_ratio=1.5 | schedule.min_lr_ratio must lie in [0, 1] (got 1.5)",
    })
    void refuses(String override, String message) {
        assertEquals(message, ConfigFiles.refusedOverride(override));
    }
}
