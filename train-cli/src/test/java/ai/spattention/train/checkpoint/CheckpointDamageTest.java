package ai.spattention.train.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.types.Shape;
import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.safetensors.SafetensorsWriter;
import ai.spattention.olmoe.safetensors.TensorType;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a store does about damage and failures: earlier checkpoints stay, and the newest whole one is found. */
class CheckpointDamageTest {

    @TempDir
    private Path temporary;

    private CheckpointFolder folder;

    @BeforeEach
    void open() {
        folder = new CheckpointFolder(temporary.resolve("checkpoints"), 2);
    }

    @AfterEach
    void close() {
        folder.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"manifest.json", "model.safetensors", "optimizer.safetensors", "state.json"})
    void aBitFlipIsNoticedAndTheOlderCheckpointUsed(String name) throws IOException {
        folder.save(1);
        Path file = folder.save(2).resolve(name);
        byte[] content = Files.readAllBytes(file);
        for (int bit = 0; bit < content.length * 8; bit += 19) { // 19 and 8 share no factor: all bits of a byte have their turn
            byte[] flipped = content.clone();
            flipped[bit / 8] ^= (byte) (1 << bit % 8);
            Files.write(file, flipped);
            assertOlderIsUsed(name);
        }
        Files.write(file, content);
        assertEquals(Optional.of(2L), folder.newest());
    }

    @ParameterizedTest
    @ValueSource(strings = {"manifest.json", "model.safetensors", "optimizer.safetensors", "state.json"})
    void aCutFileIsNoticedAndTheOlderCheckpointUsed(String name) throws IOException {
        folder.save(1);
        Path file = folder.save(2).resolve(name);
        byte[] content = Files.readAllBytes(file);
        int whole = new String(content, StandardCharsets.ISO_8859_1).stripTrailing().length();
        for (int length = whole - 1; length >= 0; length -= 9) {
            Files.write(file, Arrays.copyOf(content, length));
            assertOlderIsUsed(name);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"manifest.json", "model.safetensors", "optimizer.safetensors", "state.json"})
    void aMissingFileIsNamed(String name) throws IOException {
        folder.save(1);
        Files.delete(folder.save(2).resolve(name));
        List<String> skipped = new ArrayList<>();
        assertEquals(Optional.of(1L), folder.newest(skipped));
        assertEquals(List.of("warning: checkpoint step-00000002 is skipped: " + name + " is missing"), skipped);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        "``      | manifest.json is damaged: ",
        "null    | model.safetensors is not what was written: its digest differs from the manifest's",
        "[]      | model.safetensors is not what was written: its digest differs from the manifest's",
        "{}      | model.safetensors is not what was written: its digest differs from the manifest's",
        "{\"a\"  | manifest.json is damaged: ",
        "{} {}   | manifest.json is damaged: ",
        "{\"state.json\": \"a\", \"state.json\": \"b\"} | manifest.json is damaged: Duplicate field 'state.json'",
    })
    void aManifestOfAnotherKindIsNoManifest(String json, String reason) throws IOException {
        folder.save(1);
        Files.writeString(folder.save(2).resolve("manifest.json"), json);
        List<String> skipped = new ArrayList<>();
        assertEquals(Optional.of(1L), folder.newest(skipped));
        assertEquals(1, skipped.size());
        assertTrue(skipped.get(0).startsWith("warning: checkpoint step-00000002 is skipped: " + reason), skipped.get(0));
    }

    @Test
    void aHugeManifestIsNotRead() throws IOException {
        folder.save(1);
        Files.write(folder.save(2).resolve("manifest.json"), new byte[(1 << 20) + 1]);
        List<String> skipped = new ArrayList<>();
        assertEquals(Optional.of(1L), folder.newest(skipped));
        assertEquals(List.of("warning: checkpoint step-00000002 is skipped: manifest.json is too large"), skipped);
    }

    @Test
    void eachDamagedCheckpointIsToldOf() throws IOException {
        Files.delete(folder.save(1).resolve("state.json"));
        Files.delete(folder.save(2).resolve("manifest.json"));
        List<String> skipped = new ArrayList<>();
        assertEquals(Optional.empty(), folder.newest(skipped));
        assertEquals(List.of("warning: checkpoint step-00000002 is skipped: manifest.json is missing",
                "warning: checkpoint step-00000001 is skipped: state.json is missing"), skipped);
    }

    /** The run goes on from step 2 with a shorter interval: step 9, damaged, must not push the new checkpoints out. */
    @Test
    void damagedCheckpointsOfLaterStepsAreNotKeptInPlaceOfWholeOnes() throws IOException {
        try (CheckpointFolder one = new CheckpointFolder(temporary.resolve("one"), 1)) {
            one.save(2);
            Path damaged = Files.createDirectory(one.path.resolve("step-00000009"));
            assertEquals(Optional.of(2L), one.newest());
            assertTrue(Files.exists(one.save(3).resolve("manifest.json")), "the checkpoint just written is there");
            assertEquals(Optional.of(3L), one.newest());
            assertEquals(List.of("step-00000003", "step-00000009"), one.names());
            one.save(9);
            assertEquals(Optional.of(9L), one.newest());
            assertEquals(List.of(damaged.getFileName().toString()), one.names());
        }
    }

    @Test
    void whatAKilledRunLeftIsIgnoredAndCleared() throws IOException {
        folder.save(1);
        for (String name : List.of("step-00000002.tmp", "step-00000007.tmp", "step-100000000.tmp")) {
            Path half = Files.createDirectory(folder.path.resolve(name));
            Files.writeString(half.resolve("model.safetensors"), "half");
            Files.writeString(half.resolve("optimizer.safetensors.tmp-" + "0".repeat(32)), "half");
        }
        List<String> skipped = new ArrayList<>();
        assertEquals(Optional.of(1L), folder.newest(skipped));
        assertEquals(List.of(), skipped);
        folder.save(2);
        assertEquals(List.of("step-00000001", "step-00000002"), folder.names());
        assertEquals(Optional.of(2L), folder.newest());
    }

    @Test
    void whatAUserPutIntoACheckpointStays() throws IOException {
        Path first = folder.save(1);
        Files.writeString(first.resolve("notes.txt"), "mine");
        Path second = folder.save(2);
        Files.writeString(second.resolve("notes.txt"), "mine, too");
        Files.delete(second.resolve("manifest.json"));
        folder.save(3);
        assertEquals(List.of("notes.txt"), List.of(first.toFile().list()), "one that is too old goes, but for the notes");
        folder.save(2);
        assertEquals("mine, too", Files.readString(folder.path.resolve("step-00000002.old/notes.txt")));
        assertTrue(Files.exists(second.resolve("manifest.json")));
    }

    /** Even a whole one: its name says that it was not made current. */
    @Test
    void aTemporaryFolderIsNeverTakenForACheckpoint() throws IOException {
        folder.save(1);
        Files.move(folder.save(2), folder.path.resolve("step-00000002.tmp"));
        assertEquals(Optional.of(1L), folder.newest());
    }

    @Test
    void aFileInTheFoldersPlaceIsNamed() throws IOException {
        Files.writeString(folder.path, "mine");
        assertEquals("cannot write " + folder.path + ": it, or something above it, is a file where a folder has to be",
                assertThrows(InvalidInputException.class, () -> folder.save(1)).getMessage());
        assertEquals("mine", Files.readString(folder.path));
        assertEquals(Optional.empty(), folder.newest());
    }

    @Test
    void aFileAboveTheFolderIsNamed() throws IOException {
        Path file = Files.writeString(temporary.resolve("file"), "mine");
        try (CheckpointFolder below = new CheckpointFolder(file.resolve("run/checkpoints"), 1)) {
            String message = assertThrows(InvalidInputException.class, () -> below.save(1)).getMessage();
            assertTrue(message.startsWith("cannot write " + below.path + ": it, or something above it, is a file"), message);
        }
    }

    /** While the parameters are written, the optimizer's file is led to a device that is always full. */
    @Test
    void aFullDiskIsNamedAndEarlierCheckpointsStay() throws IOException {
        Path full = Path.of("/dev/full");
        Assumptions.assumeTrue(Files.exists(full), "this system has no device that is always full");
        folder.save(1);
        folder.save(2);
        Path half = folder.path.resolve("step-00000003.tmp");
        SafetensorsWriter model = folder.tensor("weight", 3).add("sabotage", TensorType.F32, new Shape(0), () -> {
            try {
                Files.createSymbolicLink(half.resolve("optimizer.safetensors"), full);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            return folder.array(new Shape(0));
        });
        assertEquals("the disk is full: cannot write " + half.resolve("optimizer.safetensors")
                + "; free some space or choose another folder",
                assertThrows(InvalidInputException.class,
                        () -> folder.store.save(CheckpointFolder.state(3), model, folder.tensor("mean/weight", -3))).getMessage());
        assertEquals(List.of("step-00000001", "step-00000002"), folder.names());
        assertEquals(Optional.of(2L), folder.newest());
        folder.save(3);
        assertEquals(Optional.of(3L), folder.newest());
    }

    @Test
    void aFailureWhileWritingLeavesEarlierCheckpoints() throws IOException {
        folder.save(1);
        folder.save(2);
        SafetensorsWriter failing = new SafetensorsWriter().add("weight", TensorType.F32, new Shape(1), () -> {
            throw new IllegalStateException("the device is gone");
        });
        assertThrows(IllegalStateException.class,
                () -> folder.store.save(CheckpointFolder.state(2), failing, folder.tensor("mean/weight", 0)));
        assertEquals(List.of("step-00000001", "step-00000002"), folder.names());
        assertEquals(Optional.of(2L), folder.newest(), "not even one of the same step is lost");
    }

    @Test
    void aReadOnlyFolderIsNamedAndEarlierCheckpointsStay() throws IOException {
        folder.save(1);
        Files.setPosixFilePermissions(folder.path, PosixFilePermissions.fromString("r-xr-xr-x"));
        try {
            Assumptions.assumeFalse(Files.isWritable(folder.path), "this user may write everywhere");
            assertTrue(assertThrows(InvalidInputException.class, () -> folder.save(2)).getMessage().endsWith("the folder is read-only or not yours"));
        } finally {
            Files.setPosixFilePermissions(folder.path, PosixFilePermissions.fromString("rwxr-xr-x"));
        }
        assertEquals(Optional.of(1L), folder.newest());
    }

    /** Nobody can make a folder there, not even the superuser. */
    @Test
    void aFolderWhereNobodyMayWriteIsNamed() throws IOException {
        Path system = Path.of("/sys");
        Assumptions.assumeTrue(Files.isDirectory(system), "this system has no /sys");
        try (CheckpointFolder nowhere = new CheckpointFolder(system.resolve("spattention/checkpoints"), 1)) {
            assertEquals("cannot write " + nowhere.path + ": the folder is read-only or not yours",
                    assertThrows(InvalidInputException.class, () -> nowhere.save(1)).getMessage());
        }
    }

    private void assertOlderIsUsed(String name) throws IOException {
        List<String> skipped = new ArrayList<>();
        assertEquals(Optional.of(1L), folder.newest(skipped));
        assertEquals(1, skipped.size());
        String told = skipped.get(0);
        assertTrue(told.startsWith("warning: checkpoint step-00000002 is skipped: "), told);
        assertTrue(name.equals("manifest.json") || told.contains(name), told);
        assertFalse(told.contains("\n"), told);
    }
}
