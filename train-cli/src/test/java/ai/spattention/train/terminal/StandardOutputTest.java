package ai.spattention.train.terminal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class StandardOutputTest {

    private static StandardOutput after(String failure) {
        StandardOutput out = new StandardOutput(new OutputStream() {
            @Override
            public void write(int b) throws IOException {
                throw new IOException(failure);
            }
        });
        try (PrintWriter writer = new PrintWriter(out, true, StandardCharsets.UTF_8)) {
            writer.println("a result");
        }
        return out;
    }

    @Test
    void aFullDiskIsTold() {
        assertEquals("No space left on device", after("No space left on device").lost().orElseThrow().getMessage());
    }

    @Test
    void aReaderWhoHasSeenEnoughIsNoFailure() {
        assertTrue(after("Broken pipe").lost().isEmpty());
        assertTrue(new StandardOutput(OutputStream.nullOutputStream()).lost().isEmpty());
    }
}
