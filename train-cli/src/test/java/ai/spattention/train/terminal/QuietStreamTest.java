package ai.spattention.train.terminal;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class QuietStreamTest {

    @Test
    void handsOnWarningsWhole() {
        List<String> seen = new ArrayList<>();
        try (QuietStream stream = new QuietStream(seen::add)) {
            stream.print("step 1");
            stream.println(" of 2, warning: not at the line's beginning");
            stream.print("warn");
            stream.print("ing: wörter");
            assertEquals(List.of(), seen, "a line is handed on when it ends");
            stream.println();
            stream.println("12:00:00 INFO  nothing");
            stream.println("12:00:00 WARN  something");
            stream.println("[gpu:1] step 1");
            stream.println("[gpu:1] warning: of another process");
            stream.print("warning: the last\r\nwarning: without an end");
        }
        assertEquals(List.of("warning: wörter", "12:00:00 WARN  something", "[gpu:1] warning: of another process", "warning: the last",
                "warning: without an end"), seen);
    }
}
