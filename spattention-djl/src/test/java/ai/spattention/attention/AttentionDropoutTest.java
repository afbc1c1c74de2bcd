package ai.spattention.attention;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.engine.Engine;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AttentionDropoutTest {

    @ParameterizedTest
    @CsvSource({"0.1, 58982", "0.5, 32768", "0.75, 16384", "0.000001, 65536", "0.99999, 1", "0.9999999, 1"})
    void keepsTheNearestPartOfAll(float rate, int kept) {
        assertEquals(kept, new AttentionDropout(rate, 0).kept());
    }

    @Test
    void theEnginesSeedMakesTheSeedsOfCalls() {
        Engine engine = Engine.getEngine("PyTorch");
        engine.setRandomSeed(3);
        AttentionDropout first = AttentionDropout.draw(0.1f);
        AttentionDropout second = AttentionDropout.draw(0.1f);
        assertEquals(0.1f, first.rate());
        assertNotEquals(first.seed(), second.seed());
        long largest = 0;
        for (int i = 0; i < 50; i++) {
            long seed = AttentionDropout.draw(0.1f).seed();
            assertTrue(seed >= 0 && seed < 1L << 53, "seed " + seed);
            largest = Math.max(largest, seed);
        }
        assertTrue(largest > 1L << 51, "of 50 seeds the largest is " + largest);
        engine.setRandomSeed(3);
        assertEquals(first, AttentionDropout.draw(0.1f));
        assertEquals(second, AttentionDropout.draw(0.1f));
    }

    @Test
    void withoutDropoutNothingIsDrawn() {
        Engine engine = Engine.getEngine("PyTorch");
        engine.setRandomSeed(3);
        AttentionDropout expected = AttentionDropout.draw(0.1f);
        engine.setRandomSeed(3);
        assertSame(AttentionDropout.NONE, AttentionDropout.draw(0));
        assertEquals(expected, AttentionDropout.draw(0.1f));
    }
}
