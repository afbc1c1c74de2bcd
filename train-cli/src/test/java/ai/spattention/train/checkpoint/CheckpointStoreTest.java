package ai.spattention.train.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a store keeps when nothing goes wrong. */
class CheckpointStoreTest {

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

    @Test
    void whatWasSavedComesBack() throws IOException {
        Path written = folder.save(5);
        assertEquals(folder.path.resolve("step-00000005"), written);
        CheckpointStore.Checkpoint checkpoint = folder.store.newest(skipped -> { }).orElseThrow();
        assertEquals(written, checkpoint.folder());
        assertEquals(CheckpointFolder.state(5), checkpoint.state());
        assertEquals(Optional.of(5L), folder.newest());
        try (var files = Files.list(written)) {
            assertEquals(CheckpointFolder.FILES, files.map(file -> file.getFileName().toString()).sorted().toList());
        }
    }

    @Test
    void theStateStaysReadable() throws IOException {
        assertEquals("""
                {
                  "step" : 5,
                  "updates" : 4,
                  "sequences" : 20,
                  "tokens" : 320,
                  "elapsed_seconds" : 7.5,
                  "seed" : -7,
                  "data_fingerprint" : "fingerprint",
                  "model" : "a \\"small\\"\\nmodel"
                }
                """, Files.readString(folder.save(5).resolve("state.json")));
    }

    @Test
    void withoutCheckpointsThereIsNone() throws IOException {
        assertEquals(Optional.empty(), folder.newest());
        Files.createDirectories(folder.path);
        assertEquals(Optional.empty(), folder.newest());
    }

    @Test
    void theNewestAreKept() throws IOException {
        for (long step = 1; step <= 4; step++) {
            folder.save(step);
        }
        assertEquals(List.of("step-00000003", "step-00000004"), folder.names());
        assertEquals(Optional.of(4L), folder.newest());
    }

    @Test
    void oneIsEnough() throws IOException {
        try (CheckpointFolder one = new CheckpointFolder(temporary.resolve("one"), 1)) {
            one.save(1);
            one.save(2);
            assertEquals(List.of("step-00000002"), one.names());
        }
    }

    /** By number: as text, 100000000 comes before 99999999. */
    @Test
    void stepsAreOrderedByNumber() throws IOException {
        folder.save(99_999_998);
        folder.save(99_999_999);
        folder.save(100_000_000);
        assertEquals(List.of("step-100000000", "step-99999999"), folder.names());
        assertEquals(Optional.of(100_000_000L), folder.newest());
    }

    @Test
    void aCheckpointOfTheSameStepIsReplaced() throws IOException {
        Path first = folder.save(3);
        Files.writeString(first.resolve("state.json"), "damaged");
        assertEquals(first, folder.save(3));
        assertEquals(Optional.of(3L), folder.newest());
    }

    @Test
    void strayFilesAreIgnoredAndStay() throws IOException {
        folder.save(1);
        List<String> strays = List.of("notes.txt", "step-00000009.txt", "step-12", "step-", "step-0000000x", "my-step-00000009",
                "step-00000009.bak", "step-99999999999999999999999");
        for (String name : strays) {
            Files.createDirectory(folder.path.resolve(name));
        }
        Files.writeString(folder.path.resolve("step-00000008"), "a file, no folder");
        List<String> skipped = new ArrayList<>();
        assertEquals(Optional.of(1L), folder.newest(skipped));
        assertEquals(List.of(), skipped);
        folder.save(2);
        folder.save(9);
        folder.save(10);
        List<String> names = folder.names();
        assertTrue(names.containsAll(strays) && names.contains("step-00000008"), names.toString());
        assertTrue(names.containsAll(List.of("step-00000009", "step-00000010")), names.toString());
        assertEquals(strays.size() + 3, names.size(), names.toString());
    }

    @Test
    void namesHaveTheSameDigitsInEveryLanguage() throws IOException {
        Locale before = Locale.getDefault();
        try {
            Locale.setDefault(Locale.forLanguageTag("fa-IR-u-nu-arabext"));
            folder.save(1);
        } finally {
            Locale.setDefault(before);
        }
        assertEquals(List.of("step-00000001"), folder.names());
        assertEquals(Optional.of(1L), folder.newest());
    }
}
