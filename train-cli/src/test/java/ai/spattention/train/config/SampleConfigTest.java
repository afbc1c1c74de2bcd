package ai.spattention.train.config;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SampleConfigTest {

    private static final SampleConfig DEFAULTS = new SampleConfig(0, "", 100, 1, 0, 1);

    @Test
    void defaults() {
        assertEquals(DEFAULTS, ConfigFiles.load().sample());
    }

    @Test
    void everyKey() {
        SampleConfig changed = ConfigFiles.load(
                "sample.every_steps=10",
                "sample.prompt=public: # class",
                "sample.tokens=0",
                "sample.temperature=0",
                "sample.top_k=40",
                "sample.top_p=0.9").sample();
        assertEquals(new SampleConfig(10, "public: # class", 0, 0, 40, 0.9), changed);
        ConfigFiles.assertAllDiffer(DEFAULTS, changed);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
            "sample.every_steps=-1 | sample.every_steps must be at least 0 (got -1)",
            "sample.tokens=-1 | sample.tokens must be at least 0 (got -1)",
            "sample.temperature=-1 | sample.temperature must be at least 0 and finite (got -1.0)",
            "sample.top_k=-1 | sample.top_k must be at least 0 (got -1)",
            "sample.top_p=0 | sample.top_p must lie in (0, 1] (got 0.0)",
            "sample.prompt=true | sample.prompt must be text (got true): put it in quotes",
    })
    void refuses(String override, String message) {
        assertEquals(message, ConfigFiles.refusedOverride(override));
    }
}
