package ai.spattention.train.config;

import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.spattention.Precision;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class OptimizerConfigTest {

    private static final OptimizerConfig DEFAULTS = new OptimizerConfig(0.001, 0.9, 0.95, 1e-8, 0.1, Precision.FLOAT32);

    @Test
    void defaults() {
        assertEquals(DEFAULTS, ConfigFiles.load().optimizer());
    }

    @Test
    void everyKey() {
        OptimizerConfig changed = ConfigFiles.load(
                "optimizer.peak_lr=4e-4",
                "optimizer.beta1=0.8",
                "optimizer.beta2=0.99",
                "optimizer.epsilon=1e-6",
                "optimizer.weight_decay=0",
                "optimizer.state_precision=bfloat16").optimizer();
        assertEquals(new OptimizerConfig(4e-4, 0.8, 0.99, 1e-6, 0, Precision.BFLOAT16), changed);
        ConfigFiles.assertAllDiffer(DEFAULTS, changed);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
            "optimizer.peak_lr=0 | optimizer.peak_lr must be positive and finite (got 0.0)",
            "optimizer.peak_lr=fast | optimizer.peak_lr must be a number (got 'fast')",
            "optimizer.beta1=1 | optimizer.beta1 must lie in [0, 1) (got 1.0)",
            "optimizer.beta2=-0.1 | optimizer.beta2 must lie in [0, 1) (got -0.1)",
            "optimizer.epsilon=0 | optimizer.epsilon must be positive and finite (got 0.0)",
            "optimizer.weight_decay=-1 | optimizer.weight_decay must be at least 0 and finite (got -1.0)",
    })
    void refuses(String override, String message) {
        assertEquals(message, ConfigFiles.refusedOverride(override));
    }
}
