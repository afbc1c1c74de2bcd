package ai.spattention.attention.auto;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import ai.spattention.SpAttentionBlock;
import ai.spattention.attention.AttentionKernel;
import ai.spattention.attention.AttentionLayout;
import ai.spattention.common.InvalidInputException;
import ai.spattention.pattern.StandardPattern;
import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KernelsTest {

    private static final List<String> OWN = List.of("auto", "fused", "window", "tiled", "sdpa", "masked", "dense");

    @TempDir
    private Path folder;

    /** A kernel of a user's. */
    public static class Mine implements AttentionKernel {

        @Override
        public String name() {
            return "mine-2";
        }

        @Override
        public NDArray attend(NDArray queries, NDArray keys, NDArray values, NDArray documents, AttentionLayout layout, float dropout,
                boolean training) {
            throw new UnsupportedOperationException(name() + " was asked");
        }
    }

    /** Another of its name. */
    public static final class AlsoMine extends Mine {}

    /** One that would pass for the library's. */
    public static final class FalseTiled extends Mine {

        @Override
        public String name() {
            return "tiled";
        }
    }

    /** One that no list of names could hold. */
    public static final class Listed extends Mine {

        @Override
        public String name() {
            return "a,b";
        }
    }

    /** One without a name. */
    public static final class Nameless extends Mine {

        @Override
        public String name() {
            return null;
        }
    }

    /** One whose name cannot be had. */
    public static final class Speechless extends Mine {

        @Override
        public String name() {
            throw new IllegalStateException("not\nnow");
        }
    }

    /** One that is not there without its library. */
    public static final class Unmade extends Mine {

        /** Fails. */
        public Unmade() {
            throw new UnsatisfiedLinkError("no mine in\njava.library.path");
        }
    }

    /** What is found where the class path lists some classes more. */
    private <T> T listed(Supplier<T> found, String... classes) throws IOException {
        Path services = Files.createDirectories(folder.resolve("META-INF/services"));
        Files.write(services.resolve(AttentionKernel.class.getName()), List.of(classes));
        ClassLoader before = Thread.currentThread().getContextClassLoader();
        try (URLClassLoader loader = new URLClassLoader(new URL[] {folder.toUri().toURL()}, before)) {
            Thread.currentThread().setContextClassLoader(loader);
            return found.get();
        } finally {
            Thread.currentThread().setContextClassLoader(before);
        }
    }

    private String refused(String... classes) {
        String message = assertThrows(InvalidInputException.class, () -> listed(() -> Kernels.of("masked"), classes)).getMessage();
        assertEquals(message, assertThrows(InvalidInputException.class, () -> listed(Kernels::names, classes)).getMessage());
        assertEquals(1, message.lines().count(), message);
        return message;
    }

    @Test
    void namesAreThoseOfTheKernels() {
        assertEquals(OWN, Kernels.names());
        for (String name : OWN) {
            assertEquals(name, Kernels.of(name).name());
            assertNotSame(Kernels.of(name), Kernels.of(name));
        }
    }

    @Test
    void aKernelOfTheClassPathIsChosenByItsName() throws IOException {
        assertInstanceOf(Mine.class, listed(() -> Kernels.of("mine-2"), Mine.class.getName()));
        assertTrue(listed(Kernels::names, Mine.class.getName()).containsAll(List.of("auto", "mine-2")));
        assertEquals("masked", listed(() -> Kernels.of("masked"), Mine.class.getName()).name());
        SpAttentionBlock block = listed(() -> SpAttentionBlock.builder().setModelDim(8).setNumHeads(2).setPattern(StandardPattern.SP)
                .optKernel("mine-2").build(), Mine.class.getName());
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            block.initialize(manager, DataType.FLOAT32, new Shape(1, 3, 8));
            NDList input = new NDList(manager.ones(new Shape(1, 3, 8)));
            assertEquals("mine-2 was asked", assertThrows(UnsupportedOperationException.class,
                    () -> block.forward(new ParameterStore(manager, false), input, false)).getMessage());
        }
    }

    @Test
    void saysWhatIsKnownAndHowToMakeMoreKnown() {
        for (String name : new String[] {"mine-2", "Auto", "", "auto "}) {
            assertEquals("unknown attention kernel '" + name + "': choose one of auto, fused, window, tiled, sdpa, masked, dense; a kernel of your"
                    + " own is found if its class is on the class path and listed in META-INF/services/"
                    + "ai.spattention.attention.AttentionKernel",
                    assertThrows(InvalidInputException.class, () -> Kernels.of(name)).getMessage());
        }
    }

    @Test
    void noTwoKernelsHaveOneName() {
        String message = refused(Mine.class.getName(), AlsoMine.class.getName());
        assertTrue(message.startsWith("two attention kernels are called 'mine-2': ") && message.contains(Mine.class.getName() + " and ")
                && message.endsWith(AlsoMine.class.getName() + "; give each a name of its own"), message);
        message = refused(FalseTiled.class.getName());
        assertTrue(message.startsWith("two attention kernels are called 'tiled': ") && message.contains(FalseTiled.class.getName())
                && message.contains("ai.spattention.attention.engine.TiledKernel"), message);
    }

    @Test
    void aNameCanBeWrittenInAList() {
        String rule = ": its name must be of lower-case letters, digits and -, and begin with a letter";
        assertEquals("the attention kernel " + Listed.class.getName() + " calls itself 'a,b'" + rule, refused(Listed.class.getName()));
        assertEquals("the attention kernel " + Nameless.class.getName() + " calls itself null" + rule, refused(Nameless.class.getName()));
        assertEquals("the attention kernel " + Speechless.class.getName() + " cannot be used: its name() failed with"
                + " java.lang.IllegalStateException: not now", refused(Speechless.class.getName()));
    }

    @Test
    void namesAListedClassThatCannotBeUsed() throws IOException {
        for (String name : new String[] {"no.such.Kernel", Unmade.class.getName(), KernelsTest.class.getName()}) {
            String message = refused(name);
            assertTrue(message.startsWith("an attention kernel of the class path cannot be used: ") && message.contains(name)
                    && message.endsWith("; mend the class or its line in META-INF/services/ai.spattention.attention.AttentionKernel"), message);
        }
        assertTrue(refused(Unmade.class.getName()).contains("no mine in java.library.path"));
    }

    /** As a jar that was built for a newer Java than runs. */
    @Test
    void namesAClassOfALaterJava() throws IOException {
        byte[] later;
        try (InputStream in = Mine.class.getResourceAsStream("KernelsTest$Mine.class")) {
            later = in.readAllBytes();
        }
        later[7] = 99; // the low byte of the class file's major version
        String text = new String(later, StandardCharsets.ISO_8859_1).replace("KernelsTest$Mine", "KernelsLate$Mine");
        Path target = folder.resolve("ai/spattention/attention/auto/KernelsLate$Mine.class");
        Files.createDirectories(target.getParent());
        Files.write(target, text.getBytes(StandardCharsets.ISO_8859_1));
        String message = refused("ai.spattention.attention.auto.KernelsLate$Mine");
        assertTrue(message.startsWith("an attention kernel of the class path cannot be used: ") && message.contains("KernelsLate$Mine"), message);
    }
}
