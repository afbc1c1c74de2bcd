package ai.spattention.olmoe.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class VisibleTextTest {

    @Test
    void whatCommandsATerminalIsWrittenAsJsonWritesIt() {
        assertEquals("\\u001b[31mred\\u0007 \\u009b2J \\u007f \\u0000", VisibleText.of("\u001b[31mred\u0007 \u009b2J \u007f \u0000"));
        assertEquals("over\\u000dwritten", VisibleText.of("over\rwritten"));
    }

    @Test
    void whatTurnsTextRoundIsWrittenOut() {
        assertEquals("exe.\\u202etxt \\u2066x\\u2069 \\u200f\\u2028", VisibleText.of("exe.\u202etxt \u2066x\u2069 \u200f\u2028"));
    }

    @Test
    void otherTextStays() {
        String text = "Zürich\t東京 🙂 👩\u200d🔬 عربي \u00a0ÿ\nnext line \\u001b";
        assertSame(text, VisibleText.of(text));
    }

    @Test
    void aLineHasNoEnds() {
        assertEquals("a\\nb\\nc\\rd\te", VisibleText.line("a\nb\r\nc\rd\te"));
    }

    @Property(tries = 300)
    void isHarmlessWhateverComesIn(@ForAll String text) {
        String line = VisibleText.line(text);
        assertTrue(line.chars().noneMatch(c -> Character.isISOControl(c) && c != '\t'), line);
        assertEquals(line, VisibleText.of(line), "making visible twice changes nothing");
    }
}
