package ai.spattention.eval.score;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import ai.spattention.common.InvalidInputException;
import ai.spattention.pattern.LayoutLength;
import ai.spattention.pattern.StandardPattern;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KeepingScorerTest {

    private static final Map<String, String> MODEL = Map.of("model", "some");
    private static final Consumer<String> NO_NOTE = note -> fail(note);

    @TempDir
    private Path folder;

    /** Stops like a killed process: after some batches, in the middle of a line. */
    private static final class Killed extends RuntimeException {

        private static final long serialVersionUID = 1L;
    }

    private static KeepingScorer scorer(SmallModel small, ScoreJournal journal, long killAfter) {
        return new KeepingScorer(List.of(new LogLikelihoods(small.model(), small.manager(), 200, false)), Part.WHOLE, journal,
                (what, done, total) -> new KeepingScorer.Progress.Shown() {
                    @Override
                    public void accept(long now) {
                        if (now >= killAfter) {
                            throw new Killed();
                        }
                    }

                    @Override
                    public void close() {
                        // shows nothing
                    }
                });
    }

    @Test
    void aKilledRunGoesOnWhereItWas() throws IOException {
        List<TargetTokens> requests = SmallModel.questions(40, 3);
        Path file = folder.resolve("journal");
        try (SmallModel small = new SmallModel(StandardPattern.CAUSAL, LayoutLength.SEQUENCE)) {
            try (ScoreJournal journal = ScoreJournal.open(file, MODEL, false, NO_NOTE)) {
                assertThrows(Killed.class, () -> scorer(small, journal, 30).score("x", requests));
            }
            int kept = Files.readAllLines(file).size() - 1;
            assertTrue(kept >= 30 && kept < requests.size(), kept + " of " + requests.size());
            Files.writeString(file, Files.readString(file) + "{\"key\":\"0123");

            List<Score> resumed;
            try (ScoreJournal journal = ScoreJournal.open(file, MODEL, true, NO_NOTE)) {
                KeepingScorer scorer = scorer(small, journal, Long.MAX_VALUE);
                resumed = scorer.score("x", requests);
                assertEquals(requests.size() - kept, scorer.computed());
            }
            try (ScoreJournal journal = ScoreJournal.open(folder.resolve("other"), MODEL, false, NO_NOTE)) {
                List<Score> whole = scorer(small, journal, Long.MAX_VALUE).score("x", requests);
                assertEquals(whole, resumed, "to the last digit: batches are the same");
            }
        }
    }

    @Test
    void withoutResumeNothingIsTakenOver() throws IOException {
        Path file = folder.resolve("journal");
        TargetTokens request = new TargetTokens(0, new int[] {1, 2}, new int[] {3});
        try (ScoreJournal journal = ScoreJournal.open(file, MODEL, false, NO_NOTE)) {
            journal.add(request, new Score(-1.25, true));
        }
        try (ScoreJournal journal = ScoreJournal.open(file, MODEL, true, NO_NOTE)) {
            assertEquals(new Score(-1.25, true), journal.find(request));
            assertEquals(null, journal.find(new TargetTokens(0, new int[] {1}, new int[] {2, 3})));
        }
        try (ScoreJournal journal = ScoreJournal.open(file, MODEL, false, NO_NOTE)) {
            assertEquals(null, journal.find(request));
            journal.delete();
        }
        assertFalse(Files.exists(file));
    }

    @Test
    void aBatchOfWhichAPartIsKnownIsScoredWhole() throws IOException {
        List<TargetTokens> requests = SmallModel.questions(40, 3);
        Path file = folder.resolve("journal");
        try (SmallModel small = new SmallModel(StandardPattern.CAUSAL, LayoutLength.SEQUENCE)) {
            List<Score> whole;
            try (ScoreJournal journal = ScoreJournal.open(file, MODEL, false, NO_NOTE)) {
                whole = scorer(small, journal, Long.MAX_VALUE).score("x", requests);
            }
            List<String> lines = Files.readAllLines(file);
            for (int kept = 1; kept < lines.size(); kept += 7) {
                Files.write(file, lines.subList(0, kept));
                try (ScoreJournal journal = ScoreJournal.open(file, MODEL, true, NO_NOTE)) {
                    assertEquals(whole, scorer(small, journal, Long.MAX_VALUE).score("x", requests), kept + " lines kept");
                }
            }
        }
    }

    private String refused(Map<String, String> settings) {
        return assertThrows(InvalidInputException.class, () -> ScoreJournal.open(folder.resolve("journal"), settings, true, NO_NOTE))
                .getMessage();
    }

    @Test
    void scoresOfOtherSettingsAreRefusedByName() throws IOException {
        Path file = folder.resolve("journal");
        ScoreJournal.open(file, Map.of("model", "a", "--precision", "float32"), false, NO_NOTE).close();
        String anew = ": leave out --resume to begin anew, or choose another --output";
        assertEquals(file + " holds scores of another --precision (float32, now bfloat16)" + anew,
                refused(Map.of("model", "a", "--precision", "bfloat16")));
        assertEquals(file + " holds scores of another model (a, now b)" + anew, refused(Map.of("model", "b", "--precision", "float32")));
        assertEquals(file + " holds scores of another --kernel (none, now tiled)" + anew,
                refused(Map.of("model", "a", "--precision", "float32", "--kernel", "tiled")));
        Files.writeString(file, "{\"model\":\"a sp 64\"}\n{\"key\":\"k\",\"loglikelihood\":-1,\"is_greedy\":true}\n");
        assertEquals(file + " has format version 1, this program goes on from version 2" + anew, refused(MODEL));
        Files.writeString(file, "{\"format_version\":3}\n");
        assertEquals(file + " has format version 3, this program goes on from version 2" + anew, refused(MODEL));
        for (String first : List.of("{\"format_version\":2}\n", "{\"form")) {
            Files.writeString(file, first);
            assertEquals(file + " does not tell what its scores depend on, for its first line is damaged" + anew, refused(MODEL));
        }
        Files.writeString(file, "");
        ScoreJournal.open(file, MODEL, true, NO_NOTE).close();
    }

    /** Whatever a line holds in place of what was written, it is no score. */
    @Test
    void aDamagedLineIsNeverANumber() throws IOException {
        Path file = folder.resolve("journal");
        TargetTokens first = new TargetTokens(0, new int[] {1, 2}, new int[] {3});
        TargetTokens second = new TargetTokens(0, new int[] {1, 2}, new int[] {4});
        try (ScoreJournal journal = ScoreJournal.open(file, MODEL, false, NO_NOTE)) {
            journal.add(first, new Score(-1.25, true));
            journal.add(second, new Score(-2.5, false));
        }
        String whole = Files.readString(file);
        String line = whole.lines().toList().get(1);
        List<String> damaged = new ArrayList<>(List.of("", "null", "{}", "\0\0", line.substring(1), line.replace("-1.25", "-1.26"),
                line.replace("-1.25", "\"-1.25\""), line.replace("-1.25", "NaN"), line.replace("-1.25", "null"),
                line.replace("\"loglikelihood\":-1.25,", ""), line.replace("true", "false"), line.replace("true", "1"),
                line.replaceAll(",\"crc32c.*", "}"), line.substring(0, line.length() - 3) + "0\"}", line + line));
        for (int i = 0; i < line.length(); i += 3) {
            damaged.add(line.substring(0, i) + (char) (line.charAt(i) ^ 1) + line.substring(i + 1));
        }
        for (String other : damaged) {
            Files.writeString(file, whole.replace(line, other));
            List<String> notes = new ArrayList<>();
            try (ScoreJournal journal = ScoreJournal.open(file, MODEL, true, notes::add)) {
                assertEquals(null, journal.find(first), other);
                assertEquals(new Score(-2.5, false), journal.find(second), other);
            }
            assertEquals(List.of("warning: " + file + ": 1 line is damaged and left out: their requests are scored again"), notes);
            assertEquals(whole.replace(line + "\n", ""), Files.readString(file));
        }
        Files.write(file, new byte[] {(byte) 0xFF, '\n'}, StandardOpenOption.APPEND);
        ScoreJournal.open(file, MODEL, true, note -> { }).close();
    }
}
