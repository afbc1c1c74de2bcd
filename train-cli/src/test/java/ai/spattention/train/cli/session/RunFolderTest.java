package ai.spattention.train.cli.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.common.InvalidInputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RunFolderTest {

    @TempDir
    private Path folder;

    /** The command looked, was stopped, and goes on when another run has begun and ended. */
    @Test
    void aRunThatEndedBetweenCheckAndLockIsNotOverwritten() throws IOException {
        Path run = folder.resolve("run");
        RunFolder.requireFresh(run);
        try (RunFolder other = RunFolder.create(run)) {
            Files.writeString(other.path().resolve("config.yaml"), "the other's");
            assertTrue(assertThrows(InvalidInputException.class, () -> RunFolder.create(run)).getMessage().startsWith("another process"));
        }
        assertTrue(assertThrows(InvalidInputException.class, () -> RunFolder.create(run)).getMessage().contains("not empty"));
        assertEquals("the other's", Files.readString(run.resolve("config.yaml")));
        assertEquals(1, run.toFile().list().length);
    }

    @Test
    void twoCommandsWithoutAFolderGetTwo() throws IOException {
        Path base = folder.resolve("runs/name");
        try (RunFolder one = RunFolder.createFree(base); RunFolder two = RunFolder.createFree(base)) {
            assertEquals(base, one.path());
            assertEquals(folder.resolve("runs/name-2"), two.path());
        }
        Files.createSymbolicLink(folder.resolve("runs/name-3"), folder.resolve("nowhere"));
        try (RunFolder next = RunFolder.createFree(base)) {
            assertEquals(folder.resolve("runs/name-4"), next.path());
        }
    }

    @Test
    void aFolderIntoWhichNothingWasWrittenGoes() throws IOException {
        RunFolder.create(folder.resolve("a/b")).close();
        assertFalse(Files.exists(folder.resolve("a")));
    }

    @ParameterizedTest
    @ValueSource(strings = {"model", "checkpoints"})
    void aRunDoesNotGoOnThroughALink(String name) throws IOException {
        Path theirs = Files.createDirectory(folder.resolve("theirs"));
        Files.writeString(theirs.resolve("config.json"), "theirs");
        Path run = Files.createDirectory(folder.resolve("run"));
        Files.createSymbolicLink(run.resolve(name), theirs);
        String message = assertThrows(InvalidInputException.class, () -> RunFolder.reopen(run)).getMessage();
        assertTrue(message.startsWith(run.resolve(name) + " is a symbolic link"), message);
        assertEquals("theirs", Files.readString(theirs.resolve("config.json")));
        assertEquals(1, run.toFile().list().length);
    }

    @Test
    void whatAKilledRunLeftIsClearedAtTheStart() throws IOException {
        Path run = Files.createDirectory(folder.resolve("run"));
        Files.writeString(run.resolve("report.html.tmp-" + "0".repeat(32)), "half");
        Path half = Files.createDirectory(run.resolve("model.tmp-" + "0".repeat(32)));
        Files.writeString(half.resolve("model.safetensors"), "half");
        Files.createFile(half.resolve(".spattention-files.json"));
        Files.writeString(run.resolve("mine.tmp"), "mine");
        RunFolder.reopen(run).close();
        assertEquals("mine.tmp", String.join(" ", run.toFile().list()));
    }
}
