package ai.spattention.train.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.spattention.attention.AttentionKernel;
import ai.spattention.attention.AttentionLayout;
import ai.spattention.attention.engine.MaskedKernel;
import ai.spattention.train.config.Presets;
import ai.spattention.train.config.RunConfigLoader;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A kernel of a user's, listed in a folder of the class path, in the commands and in a run's configuration. */
class OwnKernelTest {

    private static final String[] BENCH = {"bench", "attention", "--device", "cpu", "--heads", "2", "--head-dim", "8", "--repetitions", "1",
        "--length", "16", "--pattern", "sp", "--kernel", "my-own"};

    @TempDir
    private Path folder;

    /** Computes as the masked kernel does. */
    public static class Own implements AttentionKernel {

        @Override
        public String name() {
            return "my-own";
        }

        @Override
        public NDArray attend(NDArray queries, NDArray keys, NDArray values, NDArray documents, AttentionLayout layout, float dropout,
                boolean training) {
            return new MaskedKernel().attend(queries, keys, values, documents, layout, dropout, training);
        }
    }

    /** Another of its name. */
    public static final class Second extends Own {}

    private <T> T listed(Supplier<T> what, Class<?>... kernels) throws IOException {
        Path services = Files.createDirectories(folder.resolve("META-INF/services"));
        Files.write(services.resolve(AttentionKernel.class.getName()), List.of(kernels).stream().map(Class::getName).toList());
        ClassLoader before = Thread.currentThread().getContextClassLoader();
        try (URLClassLoader loader = new URLClassLoader(new URL[] {folder.toUri().toURL()}, before)) {
            Thread.currentThread().setContextClassLoader(loader);
            return what.get();
        } finally {
            Thread.currentThread().setContextClassLoader(before);
        }
    }

    @Test
    void isTimedByItsName() throws IOException {
        Cli result = listed(() -> Cli.ok(BENCH), Own.class);
        assertTrue(result.out().contains(" my-own "), result.out());
        assertTrue(Cli.refused(BENCH).contains("unknown attention kernel 'my-own'"));
    }

    @Test
    void isOfferedByTheHelp() throws IOException {
        String help = listed(() -> Cli.ok("bench", "attention", "--help"), Own.class).out().replaceAll("\\s+", " ");
        assertTrue(help.contains("masked, dense, my-own"), help);
    }

    @Test
    void isTakenByARunsConfiguration() throws IOException {
        assertEquals("my-own", listed(() -> RunConfigLoader.load(Presets.find("quickstart-local"), List.of("model.kernel=my-own")), Own.class)
                .kernel());
    }

    @Test
    void twoOfOneNameAreRefusedInALine() throws IOException {
        String message = listed(() -> Cli.refused(BENCH), Own.class, Second.class);
        assertTrue(message.contains("two attention kernels are called 'my-own'"), message);
        String help = listed(() -> Cli.ok("bench", "attention", "--help"), Own.class, Second.class).out().replaceAll("\\s+", " ");
        assertTrue(help.contains("none can be used, for two attention kernels are called 'my-own'"), help);
    }
}
