package ai.spattention.pattern;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.attention.AttentionLayout;
import ai.spattention.common.InvalidInputException;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PatternsTest {

    @TempDir
    private Path folder;

    /** Every key at an even distance. */
    public static class EvenDistances implements AttentionPattern {

        @Override
        public String patternName() {
            return "even-distances";
        }

        @Override
        public HeadMask headMask(int head, int numHeads, int layoutLength) {
            return new HeadMask(List.of(), 0, new Stride(2, List.of(0)));
        }
    }

    /** Another pattern of the same name. */
    public static final class OtherEvenDistances extends EvenDistances {}

    /** A pattern that would pass for a standard one. */
    public static final class FalseSp extends EvenDistances {

        @Override
        public String patternName() {
            return "sp";
        }
    }

    /** A pattern without a name. */
    public static final class Nameless extends EvenDistances {

        @Override
        public String patternName() {
            return " ";
        }
    }

    /** A pattern that no service loader can make. */
    public static final class Unmade extends EvenDistances {

        /** Needs something. */
        public Unmade(int needed) {
            assertTrue(needed > 0);
        }
    }

    /** The patterns of a class path on which some classes are registered. */
    private Patterns registered(String... classes) throws IOException {
        Path services = Files.createDirectories(folder.resolve("META-INF/services"));
        Files.write(services.resolve(AttentionPattern.class.getName()), List.of(classes));
        ClassLoader before = Thread.currentThread().getContextClassLoader();
        try (URLClassLoader loader = new URLClassLoader(new URL[] {folder.toUri().toURL()}, before)) {
            Thread.currentThread().setContextClassLoader(loader);
            return Patterns.onClassPath();
        } finally {
            Thread.currentThread().setContextClassLoader(before);
        }
    }

    private String refused(String... classes) {
        return assertThrows(InvalidInputException.class, () -> registered(classes)).getMessage();
    }

    @Test
    void findsStandardAndRegisteredPatternsByName() throws IOException {
        Patterns patterns = registered(EvenDistances.class.getName());
        for (StandardPattern pattern : StandardPattern.values()) {
            assertSame(pattern, patterns.of(pattern.patternName()));
        }
        assertInstanceOf(EvenDistances.class, patterns.of("even-distances"));
        EvenDistances own = new EvenDistances();
        assertSame(own, patterns.with(own).of("even-distances"), "another instance of the same class");
        assertSame(own, Patterns.onClassPath().with(own).of("even-distances"));
    }

    @Test
    void saysWhatIsKnownAndHowToMakeMoreKnown() {
        for (String name : new String[] {"odd-distances", "SP", "", "sp "}) {
            assertEquals("unknown attention pattern '" + name + "': choose one of causal, sp, exclusive, local, window, gapped,"
                    + " longformer, bigbird, reformer, even-distances, window:W, longformer-dilated[:DILATION], bigbird-random[:SEED],"
                    + " lsh[:ROUNDS]; a pattern of your own is found if its class is on the class path and listed in"
                    + " META-INF/services/ai.spattention.pattern.AttentionPattern, or if it is passed where the model is loaded",
                    assertThrows(InvalidInputException.class,
                            () -> Patterns.onClassPath().with(new EvenDistances()).of(name)).getMessage());
        }
    }

    @Test
    void noTwoPatternsHaveOneName() throws IOException {
        String sp = "the attention pattern ai.spattention.pattern.PatternsTest$FalseSp calls itself 'sp', which is a standard"
                + " pattern's name: give it a name of its own";
        assertEquals(sp, refused(FalseSp.class.getName()));
        assertEquals(sp, assertThrows(InvalidInputException.class, () -> Patterns.onClassPath().with(new FalseSp())).getMessage());
        assertEquals(sp, assertThrows(InvalidInputException.class,
                () -> new AttentionLayout(new FalseSp(), LayoutLength.SEQUENCE)).getMessage());
        assertEquals("two attention patterns are called 'even-distances': ai.spattention.pattern.PatternsTest$EvenDistances and"
                + " ai.spattention.pattern.PatternsTest$OtherEvenDistances; give each a name of its own",
                refused(EvenDistances.class.getName(), OtherEvenDistances.class.getName()));
        assertEquals("the attention pattern ai.spattention.pattern.PatternsTest$Nameless has no name: its patternName() must not be"
                + " empty", refused(Nameless.class.getName()));
    }

    @Test
    void namesARegisteredClassThatCannotBeUsed() {
        for (String name : new String[] {"no.such.Pattern", Unmade.class.getName(), PatternsTest.class.getName()}) {
            String message = refused(name);
            assertTrue(message.startsWith("an attention pattern of the class path cannot be used: ") && message.contains(name), message);
        }
    }
}
