package ai.spattention.eval.score;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import ai.spattention.common.InvalidInputException;
import ai.spattention.pattern.LayoutLength;
import ai.spattention.pattern.StandardPattern;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Several copies of a model give what one gives, to the last digit, and so do parts that are put together. */
class SeveralCopiesTest {

    private static final Map<String, String> SETTINGS = Map.of("model", "some");

    /** Three calls: requests of the first come again in the second, and in other batches of their own call; the third is one request. */
    private static final List<List<TargetTokens>> CALLS = calls();

    private static List<SmallModel> copies;

    @TempDir
    private static Path folder;

    private static List<List<Score>> expected;
    private static List<String> expectedJournal;

    private Path file;

    private static List<List<TargetTokens>> calls() {
        List<TargetTokens> first = new ArrayList<>(SmallModel.questions(60, 3));
        for (int i = 0; i < 40; i += 3) { // the same tokens as another question's, whose batch may be another
            first.add(new TargetTokens(1000L + i, first.get(i).input(), first.get(i).targets()));
        }
        List<TargetTokens> second = Stream.concat(SmallModel.questions(20, 4).stream(), first.subList(10, 50).stream()).toList();
        return List.of(first, second, SmallModel.questions(1, 5).subList(0, 1));
    }

    @BeforeAll
    static void scoreByOneCopy() throws IOException {
        copies = Stream.generate(() -> new SmallModel(StandardPattern.SP, LayoutLength.SEQUENCE)).limit(3).toList();
        Path file = folder.resolve("one");
        expected = score(1, Part.WHOLE, file, false);
        expectedJournal = lines(file);
    }

    @AfterAll
    static void close() {
        copies.forEach(SmallModel::close);
    }

    @BeforeEach
    void nameTheJournal() throws IOException {
        file = Files.createTempDirectory(folder, "each").resolve("journal");
    }

    private static KeepingScorer scorer(List<SmallModel> copies, Part part, ScoreJournal journal, KeepingScorer.Progress progress) {
        return new KeepingScorer(copies.stream().map(copy -> new LogLikelihoods(copy.model(), copy.manager(), 200, true)).toList(), part, journal,
                progress);
    }

    private static List<List<Score>> score(int number, Part part, Path file, boolean resume) throws IOException {
        List<List<Score>> scores = new ArrayList<>();
        try (ScoreJournal journal = ScoreJournal.open(file, SETTINGS, resume, note -> fail(note))) {
            KeepingScorer scorer = scorer(copies.subList(0, number), part, journal, KeepingScorer.Progress.NONE);
            for (List<TargetTokens> call : CALLS) {
                scores.add(scorer.score("x", call));
            }
        }
        return scores;
    }

    /** A journal's lines; their order is that in which batches were done. */
    private static List<String> lines(Path journal) throws IOException {
        return Files.readAllLines(journal).stream().sorted().toList();
    }

    @Test
    void twoAndThreeGiveWhatOneGives() throws IOException {
        for (int number = 2; number <= 3; number++) {
            assertEquals(expected, score(number, Part.WHOLE, file, false), number + " copies");
            assertEquals(expectedJournal, lines(file));
        }
    }

    /** Of the same tokens the first batch's score counts: whoever of several copies is first must not decide. */
    @Test
    void theSameTokensHaveOneScore() {
        Set<String> keys = new TreeSet<>();
        CALLS.forEach(call -> call.forEach(request -> keys.add(request.key())));
        long requests = CALLS.stream().mapToLong(List::size).sum();
        assertTrue(keys.size() < requests, "there are no two requests of the same tokens");
        assertEquals(keys.size(), expectedJournal.size() - 1);
    }

    @Test
    void progressIsOfAllCopies() throws IOException {
        List<Long> shown = new ArrayList<>();
        KeepingScorer.Progress progress = (what, done, total) -> {
            shown.addAll(List.of(done, total));
            return new KeepingScorer.Progress.Shown() {
                @Override
                public void accept(long now) {
                    assertTrue(now > shown.get(shown.size() - 1) || shown.size() == 2, shown + " " + now);
                    shown.add(now);
                }

                @Override
                public void close() {
                    // nothing is shown
                }
            };
        };
        try (ScoreJournal journal = ScoreJournal.inMemory()) {
            KeepingScorer scorer = scorer(copies, Part.WHOLE, journal, progress);
            scorer.score("x", CALLS.get(0));
            assertEquals(List.of(0L, (long) CALLS.get(0).size()), shown.subList(0, 2));
            assertEquals(shown.get(1), shown.get(shown.size() - 1));
            assertEquals(CALLS.get(0).size(), scorer.computed());
            assertTrue(scorer.speed().orElseThrow().startsWith(CALLS.get(0).size() + " requests in "));
        }
    }

    /** Stops like a killed process, between two batches. */
    private static final class Killed extends RuntimeException {

        private static final long serialVersionUID = 1L;
    }

    private void kill(int number, long after) throws IOException {
        try (ScoreJournal journal = ScoreJournal.open(file, SETTINGS, false, note -> fail(note))) {
            KeepingScorer scorer = scorer(copies.subList(0, number), Part.WHOLE, journal, (what, done, total) -> new KeepingScorer.Progress.Shown() {
                @Override
                public void accept(long now) {
                    if (now >= after) {
                        throw new Killed();
                    }
                }

                @Override
                public void close() {
                    // nothing is shown
                }
            });
            assertThrows(Killed.class, () -> scorer.score("x", CALLS.get(0)));
        }
        assertTrue(Files.readAllLines(file).size() < expectedJournal.size());
    }

    @Test
    void aKilledRunGoesOnWithAnotherNumber() throws IOException {
        for (int[] numbers : new int[][] {{1, 3}, {3, 1}, {2, 3}}) {
            kill(numbers[0], 40);
            assertEquals(expected, score(numbers[1], Part.WHOLE, file, true), numbers[0] + " copies, then " + numbers[1]);
            assertEquals(expectedJournal, lines(file));
        }
    }

    @Test
    void aCopyThatFailsEndsAll() throws IOException {
        try (SmallModel broken = new SmallModel(StandardPattern.SP, LayoutLength.SEQUENCE)) {
            broken.close(); // its arrays are gone: every use fails
            try (ScoreJournal journal = ScoreJournal.open(file, SETTINGS, false, note -> fail(note))) {
                KeepingScorer scorer = scorer(List.of(copies.get(0), broken, copies.get(1)), Part.WHOLE, journal, KeepingScorer.Progress.NONE);
                IllegalStateException failure = assertThrows(IllegalStateException.class, () -> scorer.score("x", CALLS.get(0)));
                assertTrue(failure.getMessage().contains("released") || failure.getMessage().contains("closed"), failure.getMessage());
            }
        }
        assertEquals(expected, score(2, Part.WHOLE, file, true), "what the others did is kept, and right");
    }

    @Test
    void partsAreDisjointAndTogetherTheWhole() throws IOException {
        for (int count : List.of(1, 3, 50)) {
            List<Path> parts = new ArrayList<>();
            Set<String> keys = new HashSet<>();
            for (int index = 1; index <= count; index++) {
                Path part = file.resolveSibling(index + "-of-" + count);
                score(1 + index % 2, new Part(index, count), part, false);
                List<String> own = Files.readAllLines(part);
                own.subList(1, own.size()).forEach(line -> assertTrue(keys.add(line), line));
                parts.add(part);
            }
            try (ScoreJournal all = ScoreJournal.merged(parts, SETTINGS, note -> fail(note))) {
                JournalScorer scorer = new JournalScorer(all);
                for (int call = 0; call < CALLS.size(); call++) {
                    assertEquals(expected.get(call), scorer.score("x", CALLS.get(call)), count + " parts");
                }
            }
        }
    }

    @Test
    void aKilledPartGoesOn() throws IOException {
        Part part = new Part(2, 3);
        score(1, part, file, false);
        List<String> whole = Files.readAllLines(file);
        assertTrue(whole.size() > 3);
        for (int kept = 1; kept < whole.size(); kept += whole.size() / 3) {
            Files.write(file, whole.subList(0, kept));
            score(3, part, file, true);
            assertEquals(whole.stream().sorted().toList(), lines(file));
        }
    }

    @Test
    void whatPartsLackIsRefused() throws IOException {
        score(1, new Part(1, 2), file, false);
        try (ScoreJournal half = ScoreJournal.merged(List.of(file), SETTINGS, note -> fail(note))) {
            String message = assertThrows(InvalidInputException.class, () -> new JournalScorer(half).score("piqa", CALLS.get(0))).getMessage();
            assertTrue(message.matches("the parts hold scores of \\d+ of the " + CALLS.get(0).size() + " requests of piqa: they were computed with"
                    + " other tasks, data or limits, or are damaged; compute them with the same ones, with --overwrite"), message);
        }
        assertEquals(file + " holds scores of another model (some, now other): compute that part again, with --overwrite",
                assertThrows(InvalidInputException.class, () -> ScoreJournal.merged(List.of(file), Map.of("model", "other"), note -> { }))
                        .getMessage());
        Files.writeString(file, "not a journal\n");
        assertEquals(file + " does not tell what its scores depend on, for its first line is damaged: compute that part again, with --overwrite",
                assertThrows(InvalidInputException.class, () -> ScoreJournal.settings(file)).getMessage());
    }
}
