package ai.spattention.train.machine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.common.InvalidInputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A shell script in Maven's place, which answers as Maven does. */
class MavenSourceTest {

    private static final String ARTIFACT = "ai.djl.pytorch:pytorch-jni:2.5.1-0.32.0:jar";

    @TempDir
    private Path temporary;

    private Path folder;

    @BeforeEach
    void makeFolder() throws IOException {
        folder = Files.createDirectories(temporary.resolve("jars"));
    }

    private Path fetch(boolean offline, String script) throws IOException {
        Path maven = temporary.resolve("mvn");
        Files.writeString(maven, "#!/bin/sh\n" + script);
        assertTrue(maven.toFile().setExecutable(true));
        return new MavenSource(maven.toString(), temporary.resolve("pom.xml"), offline).fetch(ARTIFACT, folder);
    }

    @Test
    void asksMavenToCopyTheArtifact() throws IOException {
        Path file = fetch(false, "for a in \"$@\"; do case $a in -DoutputDirectory=*) echo \"$@\" > ${a#*=}/x.jar ;; esac; done\n"
                + "printf 'Progress (1): 0.1/2.5 GB\\rProgress (1): 2.5/2.5 GB\\r\\n[INFO] BUILD SUCCESS\\n'");
        String arguments = Files.readString(file);
        assertEquals(folder.resolve("x.jar"), file);
        assertTrue(arguments.contains("dependency:copy -Dartifact=" + ARTIFACT) && arguments.contains("-f " + temporary), arguments);
        assertTrue(List.of(arguments.split("\\s")).stream().noneMatch("--offline"::equals));
    }

    @Test
    void saysThatNoRepositoryWasReached() {
        IOException failure = assertThrows(IOException.class, () -> fetch(false, "echo '[ERROR] Failed to execute goal: Could not"
                + " transfer artifact x: Connection refused'; exit 1"));
        assertTrue(failure.getMessage().contains("no repository was reached") && failure.getMessage().contains("Connection refused"),
                failure.getMessage());
    }

    @Test
    void offlineSaysThatItIsNotInTheLocalRepository() {
        InvalidInputException failure = assertThrows(InvalidInputException.class, () -> fetch(true,
                "[ \"$1\" = --offline ] || [ \"$2\" = --offline ] || exit 0\necho '[ERROR] Cannot access it in offline mode'; exit 1"));
        assertTrue(failure.getMessage().contains("without --offline"), failure.getMessage());
    }

    @Test
    void passesOnMavensFirstError() {
        IOException failure = assertThrows(IOException.class, () -> fetch(false, "echo '[ERROR] No such artifact'; echo '[ERROR] '; exit 1"));
        assertTrue(failure.getMessage().endsWith("No such artifact"), failure.getMessage());
    }

    @Test
    void passesOnWhatAWrapperSaysThatGetsNoMaven() {
        IOException failure = assertThrows(IOException.class, () -> fetch(false, "echo 'wget: Failed to fetch x' >&2; echo; exit 1"));
        assertTrue(failure.getMessage().endsWith(": wget: Failed to fetch x"), failure.getMessage());
    }

    @ParameterizedTest
    @CsvSource({"Linux, mvn", "Mac OS X, mvn", "Windows 11, mvn.cmd", "Windows Server 2022, mvn.cmd"})
    void callsMavenAsTheSystemDoes(String system, String command) {
        assertEquals(command, MavenSource.command(system));
    }

    @Test
    void theWrapperStandsInWhereNoMavenIs() throws IOException {
        Path home = Files.createDirectories(temporary.resolve("home"));
        String nowhere = temporary.resolve("empty") + ":" + temporary.resolve("jars");
        assertEquals("mvn", MavenSource.command(home, nowhere));
        Path wrapper = Files.createFile(home.resolve("mvnw"));
        assertTrue(wrapper.toFile().setExecutable(true));
        assertEquals(wrapper.toString(), MavenSource.command(home, nowhere));
        assertTrue(Files.createFile(folder.resolve("mvn")).toFile().setExecutable(true));
        assertEquals("mvn", MavenSource.command(home, nowhere));
    }

    @Test
    void saysThatMavenIsMissing() {
        InvalidInputException failure = assertThrows(InvalidInputException.class,
                () -> new MavenSource(temporary.resolve("none").toString(), temporary, false).fetch(ARTIFACT, folder));
        assertTrue(failure.getMessage().contains("no Maven found"), failure.getMessage());
    }

    @Test
    void doesNotTrustAMavenThatCopiedNothing() {
        assertThrows(IOException.class, () -> fetch(false, "exit 0"));
    }
}
