package ai.spattention.train.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.eval.probe.TokenWindow;
import ai.spattention.eval.probe.TrainingCounts;
import ai.spattention.olmoe.tokenizer.ByteTokenizer;
import ai.spattention.train.SmallData;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Prepared data as a text to probe, and the counts of its training split. */
class SplitTextTest {

    @TempDir
    private static Path folder;

    private static PreparedData data;

    private final List<String> notes = new ArrayList<>();

    @BeforeAll
    static void prepare() throws IOException {
        data = SmallData.prepare(folder);
    }

    @Test
    void windowsAreTheSplitsSequences() throws IOException {
        for (int length : new int[] {1, 37, 500}) {
            try (SplitText text = SplitText.open("mine", data, Split.VALIDATION, false);
                    TokenSequences sequences = data.sequences(Split.VALIDATION, length)) {
                assertEquals(sequences.count(), text.count(length));
                for (long index : new long[] {0, 1, sequences.count() - 1}) {
                    long[] ids = sequences.read(index);
                    TokenWindow window = text.window(index, length);
                    assertFalse(window.hasDocuments());
                    for (int i = 0; i < length; i++) {
                        assertEquals(ids[i], window.input(i));
                        assertEquals(ids[i + 1], window.target(i));
                    }
                }
            }
        }
    }

    @Test
    void documentsAreApartWhereAttentionIs() throws IOException {
        int length = (int) data.manifest().tokens(Split.VALIDATION) - 1;
        try (SplitText text = SplitText.open("mine", data, Split.VALIDATION, true)) {
            TokenWindow window = text.window(0, length);
            for (int i = 1; i < length; i++) {
                assertEquals(window.input(i - 1) != ByteTokenizer.EOS, window.isOneDocument(i - 1, i));
            }
            assertEquals(0, text.count(length + 1));
        }
    }

    private TrainingCounts counts(double share) throws IOException {
        return TokenCountsFile.of(data, share, notes::add);
    }

    @Test
    void countsAreKeptBesideTheData() throws IOException {
        Path file = folder.resolve(TokenCountsFile.FILE);
        Files.deleteIfExists(file);
        TrainingCounts counts = counts(1e-3);
        String kept = Files.readString(file);
        assertEquals(counts.toJson(), kept);
        Map<Long, Integer> naive = new HashMap<>();
        long all = data.manifest().tokens(Split.TRAIN);
        try (TokenSequences tokens = data.sequences(Split.TRAIN, 1)) {
            long[] ids = tokens.readTokens(0, (int) all);
            for (int i = 1; i < ids.length; i++) {
                naive.merge(ids[i - 1] << 9 | ids[i], 1, Integer::sum);
            }
        }
        naive.forEach((pair, count) -> assertEquals(count >= 1e-3 * (all - 1), counts.isCommon(pair >> 9, pair & 511), pair.toString()));
        assertTrue(counts.isCommon(' ', ' '));

        Files.writeString(file, kept.replaceFirst("\"tokens\":\\[0", "\"tokens\":[7")); // what is kept is not counted again
        assertEquals(Files.readString(file), counts(1e-3).toJson());
        assertFalse(counts(1e-2).toJson().equals(kept), "another share");
        assertEquals(List.of(), notes);
        Files.writeString(file, "{");
        assertEquals(kept, counts(1e-3).toJson());
        assertEquals(1, notes.size());
        assertTrue(notes.get(0).startsWith("warning: the training tokens are counted again: " + file + " is damaged"), notes.get(0));
        assertEquals(kept, Files.readString(file));
    }

    @Test
    void countsThatCannotBeKeptAreUsedAllTheSame() throws IOException {
        Path file = folder.resolve(TokenCountsFile.FILE);
        Files.deleteIfExists(file);
        Files.createDirectory(file);
        try {
            assertTrue(counts(1e-3).isCommon(' ', ' '));
            assertEquals(1, notes.size());
            assertTrue(notes.get(0).startsWith("warning: the counts of the training tokens are not kept: "), notes.get(0));
        } finally {
            Files.delete(file);
        }
    }
}
