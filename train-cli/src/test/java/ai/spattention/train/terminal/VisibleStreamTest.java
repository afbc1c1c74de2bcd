package ai.spattention.train.terminal;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class VisibleStreamTest {

    private final ByteArrayOutputStream terminal = new ByteArrayOutputStream();
    private final PrintStream stream = VisibleStream.over(terminal);

    private String shown() {
        return terminal.toString(StandardCharsets.UTF_8);
    }

    @Test
    void nothingThatIsPrintedCommandsTheTerminal() {
        stream.println("file \u001b]0;title\u0007.json");
        stream.print("left \u009b2J");
        assertEquals("file \\u001b]0;title\\u0007.json\nleft \\u009b2J", shown(), "and nothing waits for a flush");
    }

    @Test
    void bytesOfACharacterMayComeOneByOne() throws IOException {
        for (byte b : "é 東 🙂 \u009b".getBytes(StandardCharsets.UTF_8)) {
            stream.write(b);
        }
        assertEquals("é 東 🙂 \\u009b", shown());
    }

    @Test
    void whatIsNoUtf8IsReplaced() throws IOException {
        stream.write(new byte[] {'a', (byte) 0x9B, (byte) 0xFF, 'b'});
        assertEquals("a\uFFFD\uFFFDb", shown());
    }

    @Test
    void longTextComesWhole() {
        String text = "東\n".repeat(20_000);
        stream.print(text);
        assertEquals(text, shown());
    }
}
