package ai.spattention.pattern;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.common.InvalidInputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LayoutLengthTest {

    @Test
    void aFixedLengthStaysWhateverTheSequence() {
        LayoutLength layout = LayoutLength.of(512);
        assertFalse(layout.isSequence());
        assertEquals(512, layout.resolve(1));
        assertEquals(512, layout.resolve(4096));
    }

    @Test
    void sequenceFollowsTheSequence() {
        assertTrue(LayoutLength.SEQUENCE.isSequence());
        assertEquals(1, LayoutLength.SEQUENCE.resolve(1));
        assertEquals(4096, LayoutLength.SEQUENCE.resolve(4096));
    }

    @ParameterizedTest
    @ValueSource(strings = {"sequence", "1", "4096"})
    void readsWhatItWrites(String text) {
        assertEquals(text, LayoutLength.parse(text).toString());
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "-1"})
    void refusesLessThanOne(String text) {
        assertEquals("a layout length must be at least 1, or 'sequence' (got " + text + ")",
                assertThrows(InvalidInputException.class, () -> LayoutLength.parse(text)).getMessage());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "Sequence", "12.5", "99999999999", " 8"})
    void refusesWhatIsNoWholeNumber(String text) {
        assertEquals("a layout length must be a whole number of at least 1, or 'sequence' (got '" + text + "')",
                assertThrows(InvalidInputException.class, () -> LayoutLength.parse(text)).getMessage());
    }

    @Test
    void refusesANegativeLengthHoweverItIsMade() {
        assertThrows(InvalidInputException.class, () -> new LayoutLength(-1));
        assertThrows(InvalidInputException.class, () -> LayoutLength.of(0));
    }
}
