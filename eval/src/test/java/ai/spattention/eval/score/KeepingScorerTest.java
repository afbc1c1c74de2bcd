package ai.spattention.eval.score;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.InvalidInputException;
import ai.spattention.pattern.LayoutLength;
import ai.spattention.pattern.StandardPattern;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KeepingScorerTest {

    @TempDir
    private Path folder;

    /** Stops like a killed process: after some batches, in the middle of a line. */
    private static final class Killed extends RuntimeException {

        private static final long serialVersionUID = 1L;
    }

    private static KeepingScorer scorer(SmallModel small, ScoreJournal journal, long killAfter) {
        return new KeepingScorer(new LogLikelihoods(small.model(), small.manager(), 200, false), journal,
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
            try (ScoreJournal journal = ScoreJournal.open(file, "model", false)) {
                assertThrows(Killed.class, () -> scorer(small, journal, 30).score("x", requests));
            }
            long kept = Files.lines(file).count() - 1;
            assertTrue(kept >= 30 && kept < requests.size(), kept + " of " + requests.size());
            Files.writeString(file, Files.readString(file) + "{\"key\":\"0123");

            List<Score> resumed;
            try (ScoreJournal journal = ScoreJournal.open(file, "model", true)) {
                KeepingScorer scorer = scorer(small, journal, Long.MAX_VALUE);
                resumed = scorer.score("x", requests);
                assertEquals(requests.size() - kept, scorer.computed());
            }
            try (ScoreJournal journal = ScoreJournal.open(folder.resolve("other"), "model", false)) {
                List<Score> whole = scorer(small, journal, Long.MAX_VALUE).score("x", requests);
                assertTrue(TinyEval.largestDifference(TinyEval.values(whole), TinyEval.values(resumed)) < 1e-5);
            }
        }
    }

    @Test
    void withoutResumeNothingIsTakenOver() throws IOException {
        Path file = folder.resolve("journal");
        TargetTokens request = new TargetTokens(0, new int[] {1, 2}, new int[] {3});
        try (ScoreJournal journal = ScoreJournal.open(file, "model", false)) {
            journal.add(request, new Score(-1.25, true));
        }
        try (ScoreJournal journal = ScoreJournal.open(file, "model", true)) {
            assertEquals(new Score(-1.25, true), journal.find(request));
            assertEquals(null, journal.find(new TargetTokens(0, new int[] {1}, new int[] {2, 3})));
        }
        try (ScoreJournal journal = ScoreJournal.open(file, "model", false)) {
            assertEquals(null, journal.find(request));
            journal.delete();
        }
        assertFalse(Files.exists(file));
    }

    @Test
    void anotherModelsScoresAreRefused() throws IOException {
        Path file = folder.resolve("journal");
        ScoreJournal.open(file, "model sp", false).close();
        assertTrue(assertThrows(InvalidInputException.class, () -> ScoreJournal.open(file, "model causal", true)).getMessage()
                .contains("holds scores of another model"));
    }
}
