package ai.spattention.train.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.io.Sha256;
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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

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
                  "format_version" : 2,
                  "step" : 5,
                  "updates" : 4,
                  "tokens" : 320,
                  "elapsed_seconds" : 7.5,
                  "data_fingerprint" : "fingerprint",
                  "settings" : {
                    "name" : "a \\"small\\"\\nmodel",
                    "seed" : "-7"
                  },
                  "unrecorded" : ""
                }
                """, Files.readString(folder.save(5).resolve("state.json")));
    }

    private String changed(Path checkpoint, String from, String to) throws IOException {
        Path state = checkpoint.resolve("state.json");
        Path manifest = checkpoint.resolve("manifest.json");
        String before = Sha256.of(List.of(state));
        String text = Files.readString(state);
        assertTrue(text.contains(from), from);
        Files.writeString(state, text.replace(from, to));
        Files.writeString(manifest, Files.readString(manifest).replace(before, Sha256.of(List.of(state))));
        return text;
    }

    /** The older one would be gone on with, and the newer work lost. */
    @Test
    void aCheckpointOfALaterVersionIsRefusedAndNotPassedOver() throws IOException {
        folder.save(1);
        Path newer = folder.save(2);
        changed(newer, "\"format_version\" : 2", "\"format_version\" : 3, \"more\" : 1");
        assertEquals("cannot go on from the checkpoint " + newer + ": its state has format version 3, this program reads versions up"
                + " to 2: go on with the program that wrote it",
                assertThrows(InvalidInputException.class, () -> folder.newest()).getMessage());
    }

    @ParameterizedTest(name = "{0} -> {1}")
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        "\"step\" : 2           | \"step\" : 3             | it is of step 3",
        "\"step\" : 2           | \"step\" : \"2\"           | Cannot coerce String value",
        "\"step\" : 2           | \"step\" : 2.0           | Cannot coerce Floating-point value",
        "\"step\" : 2           | \"step\" : null          | null",
        "\"step\" : 2,          | ` `                      | step",
        "\"updates\" : 1        | \"updates\" : 3          | no run stands at step 2 after 3 updates",
        "\"updates\" : 1        | \"updates\" : -1         | no run stands at step 2 after -1 updates",
        "\"tokens\" : 128       | \"tokens\" : -1          | no run stands at step 2 after 1 updates, -1 tokens",
        "\"elapsed_seconds\" : 3.0 | \"elapsed_seconds\" : \"NaN\" | NaN seconds",
        "\"elapsed_seconds\" : 3.0 | \"elapsed_seconds\" : \"3.0\" | Cannot coerce String value",
        "\"elapsed_seconds\" : 3.0 | \"elapsed_seconds\" : 1e999 | Infinity seconds",
        "\"data_fingerprint\" : \"fingerprint\" | \"data_fingerprint\" : 1 | Cannot coerce Integer value",
        "\"unrecorded\"         | \"other\" : 1, \"unrecorded\" | Unrecognized field",
        "\"format_version\" : 2 | \"format_version\" : \"2\" | Cannot coerce String value",
        "\"format_version\" : 2, | ` `                     | is damaged",
    })
    void aStateThatCannotBeIsSkippedWithTheReason(String from, String to, String told) throws IOException {
        folder.save(1);
        changed(folder.save(2), from, to);
        List<String> skipped = new ArrayList<>();
        assertEquals(Optional.of(1L), folder.newest(skipped));
        assertEquals(1, skipped.size());
        assertTrue(skipped.get(0).startsWith("warning: checkpoint step-00000002 is skipped: state.json is "), skipped.get(0));
        assertTrue(skipped.get(0).contains(told), skipped.get(0));
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
