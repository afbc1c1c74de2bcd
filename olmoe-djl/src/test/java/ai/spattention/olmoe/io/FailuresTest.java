package ai.spattention.olmoe.io;

import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.FileNotFoundException;
import java.io.IOException;
import org.junit.jupiter.api.Test;

class FailuresTest {

    @Test
    void eachIsThrownAsItWas() {
        for (Throwable failure : new Throwable[] {new FileNotFoundException("a"), new IllegalStateException("b"), new OutOfMemoryError("c")}) {
            assertSame(failure, assertThrows(Throwable.class, () -> {
                throw Failures.asThrown(failure);
            }));
        }
    }

    @Test
    void otherCheckedOnesBecomeTheCause() {
        Exception failure = new InterruptedException("d");
        assertSame(failure, assertThrows(IOException.class, () -> {
            throw Failures.asThrown(failure);
        }).getCause());
    }
}
