package ai.spattention.train.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.engine.EngineException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class MemoryFailuresTest {

    private final List<String> notes = new ArrayList<>();
    private final MemoryFailures failures = new MemoryFailures(notes::add);

    @Test
    void theRestGoesOn() {
        assertFalse(failures.runs("causal at 65536", () -> {
            throw new IllegalStateException(new EngineException("CUDA out of memory. Tried to allocate 64.00 GiB."));
        }));
        assertTrue(failures.runs("sp at 65536", () -> { }));
        assertEquals(List.of("causal at 65536: out of memory"), failures.lines());
        assertEquals(List.of("warning: causal at 65536: out of memory"), notes);
    }

    @Test
    void otherFailuresArePassedOn() {
        EngineException other = new EngineException("CUDA error: an illegal memory access was encountered");
        assertSame(other, assertThrows(EngineException.class, () -> failures.runs("sp", () -> {
            throw other;
        })));
        assertEquals(List.of(), failures.lines());
    }
}
