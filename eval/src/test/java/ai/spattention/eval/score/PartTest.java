package ai.spattention.eval.score;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.common.InvalidInputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PartTest {

    @TempDir
    private Path folder;

    @Test
    void everyBatchIsInOnePart() {
        for (int batch = 0; batch < 20; batch++) {
            int each = batch;
            assertEquals(1, IntStream.rangeClosed(1, 3).filter(index -> new Part(index, 3).has(each)).count());
            assertTrue(Part.WHOLE.has(batch));
        }
    }

    @Test
    void isReadOrRefused() {
        assertEquals(new Part(2, 3), Part.of("2/3"));
        assertEquals("2/3", Part.of("2/3").toString());
        assertTrue(Part.of("1/1").isWhole());
        assertFalse(Part.of("1/2").isWhole());
        for (String bad : List.of("", "2", "/3", "2/", "-1/3", "a/b", "1/2/3", "1/99999999999", "1 / 2")) {
            assertEquals("a part must be I/N, such as 2/3 for the second of three (got '" + bad + "')", refusal(bad));
        }
        assertEquals("there is no part 4 of 3: parts are 1/N to N/N", refusal("4/3"));
        assertEquals("there is no part 0 of 3: parts are 1/N to N/N", refusal("0/3"));
    }

    private static String refusal(String text) {
        return assertThrows(InvalidInputException.class, () -> Part.of(text)).getMessage();
    }

    private void put(int index, int count) throws IOException {
        Files.writeString(JournalParts.file(folder.resolve("r.json"), new Part(index, count)), "");
    }

    private String unfound() {
        return assertThrows(InvalidInputException.class, () -> JournalParts.find(folder.resolve("r.json"))).getMessage();
    }

    @Test
    void finishedPartsAreFoundBesideTheOutput() throws IOException {
        Path output = folder.resolve("r.json");
        assertEquals("there are no parts to merge beside " + output + ": compute them first, by --part 1/N to --part N/N", unfound());
        put(1, 3);
        put(3, 3);
        Files.writeString(folder.resolve("r.json.part-2-of-3.progress"), "");
        assertEquals("of 3 parts beside " + output + " 1 is not finished: compute it by --part 2/3, with --resume if it was begun", unfound());
        put(2, 3);
        Files.writeString(folder.resolve("other.json.part-1-of-2"), "");
        JournalParts parts = JournalParts.find(output);
        assertEquals(List.of("r.json.part-1-of-3", "r.json.part-2-of-3", "r.json.part-3-of-3"),
                parts.files().stream().map(file -> file.getFileName().toString()).toList());
        put(1, 2);
        assertEquals("beside " + output + " lie parts of different numbers of parts ([2, 3]): remove those that are not meant", unfound());
        Files.delete(folder.resolve("r.json.part-1-of-2"));
        parts.delete();
        assertTrue(unfound().startsWith("there are no parts"));
        assertTrue(Files.exists(folder.resolve("other.json.part-1-of-2")));
    }
}
