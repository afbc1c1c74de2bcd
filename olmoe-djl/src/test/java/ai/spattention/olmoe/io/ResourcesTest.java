package ai.spattention.olmoe.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ResourcesTest {

    private final List<String> closed = new ArrayList<>();

    private AutoCloseable resource(String name, Exception failure) {
        return () -> {
            closed.add(name);
            if (failure != null) {
                throw failure;
            }
        };
    }

    @Test
    void closesTheLastFirstAndOnce() throws IOException {
        Resources resources = new Resources();
        AutoCloseable first = resource("first", null);
        assertSame(first, resources.add(first));
        resources.add(resource("second", null));
        resources.close();
        resources.close();
        assertEquals(List.of("second", "first"), closed);
    }

    @Test
    void closesEverythingEvenIfClosingFails() {
        Resources resources = new Resources();
        resources.add(resource("first", new IOException("one")));
        resources.add(resource("second", null));
        resources.add(resource("third", new IllegalStateException("three")));
        resources.add(resource("fourth", null));
        Exception failure = assertThrows(IllegalStateException.class, resources::close);
        assertEquals(List.of("fourth", "third", "second", "first"), closed);
        assertEquals("three", failure.getMessage());
        assertEquals("one", failure.getSuppressed()[0].getMessage());
    }

    @Test
    void anErrorKeepsNothingOpen() {
        Resources resources = new Resources();
        resources.add(resource("first", null));
        resources.add(() -> {
            throw new UnsatisfiedLinkError("two");
        });
        resources.add(() -> {
            throw new AssertionError("three");
        });
        Error failure = assertThrows(AssertionError.class, resources::close);
        assertEquals(List.of("first"), closed);
        assertEquals("two", failure.getSuppressed()[0].getMessage());
    }

    @Test
    void keepsWhatFailedFirst() {
        Resources resources = new Resources();
        resources.add(resource("first", new Exception("one")));
        resources.add(resource("second", null));
        OutOfMemoryError failure = new OutOfMemoryError("full");
        resources.closeAfter(failure);
        assertEquals(List.of("second", "first"), closed);
        assertEquals("one", failure.getSuppressed()[0].getMessage());
        assertEquals("one", assertThrows(IOException.class,
                () -> Resources.closeAll(List.of(resource("third", new Exception("one"))))).getMessage());
    }
}
