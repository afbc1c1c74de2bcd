package ai.spattention.eval.score;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.common.InvalidInputException;
import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.io.TempDir;

/** Whatever a journal holds, it is refused, or taken over as lines that are whole. */
class ScoreJournalFuzzTest {

    private static final Map<String, String> SETTINGS = Map.of("model", "some");

    @TempDir
    static Path folder;

    @FuzzTest(maxDuration = "1m")
    void anyJournalIsRefusedOrTakenOver(byte[] content) throws IOException {
        Path file = Files.write(folder.resolve("journal"), content);
        try {
            ScoreJournal.open(file, SETTINGS, true, note -> { }).close();
        } catch (InvalidInputException e) {
            assertEquals(1, e.getMessage().lines().count());
            return;
        }
        List<String> notes = new ArrayList<>();
        String taken = Files.readString(file);
        ScoreJournal.open(file, SETTINGS, true, notes::add).close();
        assertEquals(List.of(), notes, "what was taken over is whole");
        assertEquals(taken, Files.readString(file));
        taken.lines().skip(1).forEach(line -> assertTrue(new String(content, StandardCharsets.UTF_8).contains(line)));
    }
}
