package ai.spattention.eval.python;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

/** The expected values are CPython 3.11's. */
class PythonTextTest {

    @Test
    void stripsUnicodeSpaceAndSeparators() {
        assertEquals("x", PythonText.strip("\u00a0x\u001f\u3000\u0085"));
        assertEquals("x ", PythonText.lstrip("\n\tx "));
        assertEquals(" x", PythonText.rstrip(" x\n\t "));
        assertEquals("", PythonText.strip(" \u2003"));
    }

    @Test
    void capitalizesTheFirstLetterAndLowersTheRest() {
        assertEquals("Hello world", PythonText.capitalize("hELLO World"));
        assertEquals("\u01c5abc", PythonText.capitalize("\u01c6aBc"));
        assertEquals("", PythonText.capitalize(""));
    }

    @Test
    void countsWordsWithEmptyEnds() {
        assertEquals(4, PythonText.countWords(" a b \n"));
        assertEquals(1, PythonText.countWords(""));
        assertEquals(1, PythonText.countWords("a"));
        assertEquals(3, PythonText.countWords("a\u00a0b\u2003c"));
        assertEquals(2, PythonText.countWords("a\u001cb"));
    }

    @Test
    void lettersBecomeSeveralAndSigmaEndsWords() {
        assertEquals("Ssa", PythonText.capitalize("\u00dfA"));
        assertEquals("\u02bcNa", PythonText.title("\u0149a"));
        assertEquals("\u1fba\u0345b", PythonText.capitalize("\u1fb2B"));
        assertEquals("STRASSE", PythonText.upper("stra\u00dfe"));
        assertEquals("i\u0307i", PythonText.lower("\u0130I"));
        assertEquals("\u03b1\u03c2 \u03b1\u03c3\u03b1 \u03c3", PythonText.lower("\u0391\u03a3 \u0391\u03a3\u0391 \u03a3"));
        assertEquals("\u03b1\u03c3'\u03b1 \u03b1\u03c2'", PythonText.lower("\u0391\u03a3'\u0391 \u0391\u03a3'"));
        assertEquals("It'S 1A", PythonText.title("it's 1a"));
        assertEquals("AbC", PythonText.swapCase("aBc"));
    }
}
