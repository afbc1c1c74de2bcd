package ai.spattention.train.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.train.machine.KitJars;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The command with a script in Maven's place, which copies jars of a few bytes. */
class GpuNativesCommandTest {

    private static final String HOME = "spattention.home";

    @TempDir
    private Path temporary;

    private final String before = System.getProperty(HOME);

    @BeforeEach
    void makeHome() throws IOException {
        Files.writeString(temporary.resolve("pom.xml"), "<project/>");
        System.setProperty(HOME, temporary.toString());
    }

    @AfterEach
    void restoreHome() {
        if (before == null) {
            System.clearProperty(HOME);
        } else {
            System.setProperty(HOME, before);
        }
    }

    private String maven(String script) throws IOException {
        Path maven = temporary.resolve("mvn");
        Files.writeString(maven, "#!/bin/sh\n" + script);
        assertTrue(maven.toFile().setExecutable(true));
        return maven.toString();
    }

    private String workingMaven() throws IOException {
        Path published = Files.createDirectories(temporary.resolve("published"));
        return maven("for a in \"$@\"; do case $a in\n"
                + "  -DoutputDirectory=*) to=${a#*=} ;;\n"
                + "  -Dartifact=ai.djl.pytorch:pytorch-native-cu124:2.5.1:jar:linux-x86_64) from=" + KitJars.libraries(published) + " ;;\n"
                + "  -Dartifact=ai.djl.pytorch:pytorch-jni:2.5.1-0.32.0:jar) from=" + KitJars.jni(published) + " ;;\n"
                + "esac; done; cp $from $to/");
    }

    @Test
    void putsTheLibrariesWhereTheLauncherLooks() throws IOException {
        Cli result = Cli.ok("gpu-natives", "--mvn", workingMaven());
        Path folder = temporary.resolve(".natives/cu124");
        assertTrue(Files.exists(folder.resolve("libtorch_cuda.so")) && Files.exists(folder.resolve("libdjl_torch.so")));
        assertEquals(folder + ": 0.0 GB, PyTorch 2.5.1 cu124", result.out().strip());
        assertTrue(result.err().contains("doctor --device gpu"), result.err());
    }

    @Test
    void putsThemElsewhere() throws IOException {
        Path folder = temporary.resolve("elsewhere");
        assertTrue(Cli.ok("gpu-natives", "--mvn", workingMaven(), "--output", folder.toString()).err()
                .contains("PYTORCH_LIBRARY_PATH=" + folder));
        assertTrue(Files.exists(folder.resolve("version.txt")));
    }

    @Test
    void failsInALineWithoutTheNetwork() throws IOException {
        Cli result = Cli.run("gpu-natives", "--mvn", maven("echo '[ERROR] Could not transfer artifact: Unknown host x'; exit 1"));
        assertEquals(1, result.code());
        assertTrue(result.err().contains("no repository was reached"), result.err());
        assertFalse(Files.exists(temporary.resolve(".natives/cu124")));
    }

    @Test
    void refusesWhatDoesNotGoTogether() {
        assertTrue(Cli.refused("gpu-natives", "--from", "djl", "--offline").contains("do not go with --from djl"));
        assertTrue(Cli.refused("gpu-natives", "--mvn", temporary.resolve("none").toString(), "--from", "nowhere").contains("nowhere"));
    }
}
