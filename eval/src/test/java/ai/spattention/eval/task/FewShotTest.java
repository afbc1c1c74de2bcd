package ai.spattention.eval.task;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import ai.spattention.common.InvalidInputException;
import ai.spattention.eval.data.Row;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Random(1234).sample over 40 gives 28 7 0, 5 37 2, 5 6 22 for three, and other numbers for two: CPython 3.11. */
class FewShotTest {

    private static final List<Row> POOL = IntStream.range(0, 40).mapToObj(FewShotTest::row).toList();

    private static Row row(int number) {
        return new Row(Path.of("pool"), number, Map.of("goal", "g" + number, "sol1", "a", "sol2", "b", "label", number % 2,
                "question", "g" + number, "choices", Map.of("text", List.of("a", "b"), "label", List.of("A", "B")),
                "answerKey", "A"));
    }

    private static TaskRows task(String name, boolean ofScoredSplit, int shots) throws IOException {
        return new TaskRows(new TaskCatalog().find(name).tasks().get(0), POOL, ofScoredSplit, shots);
    }

    private static String shots(TaskRows task, Row row) {
        return task.question(row).choices().get(0).context().lines().filter(line -> line.startsWith("Question: g"))
                .map(line -> line.substring(11)).collect(Collectors.joining(" "));
    }

    @Test
    void oneMoreIsDrawnWhereNoTestSplitIsDeclared() throws IOException {
        TaskRows piqa = task("piqa", false, 2); // draws 28 7 0, 5 37 2, 5 6 22
        assertEquals("28 7 100", shots(piqa, row(100)));
        assertEquals("37 2 5", shots(piqa, row(5)));
        assertEquals("5 6 101", shots(piqa, row(101)));
    }

    @Test
    void asManyAsShotsAreDrawnWhereATestSplitIsDeclared() throws IOException {
        TaskRows arc = task("arc_easy", false, 3);
        assertEquals("28 7 0 100", shots(arc, row(100)));
        assertEquals("5 37 2 101", shots(arc, row(101)));
    }

    @Test
    void theRowItselfIsNoExample() throws IOException {
        TaskRows arc = task("arc_easy", true, 2);
        assertEquals("28 0 7", shots(arc, row(7)));
    }

    @Test
    void anExampleHasItsAnswerAndAnEmptyLine() throws IOException {
        assertEquals("Question: g28\nAnswer: a\n\nQuestion: g100\nAnswer:",
                task("piqa", false, 1).question(row(100)).choices().get(0).context());
    }

    @Test
    void refusesMoreShotsThanRows() {
        assertEquals("the task 'piqa' has 40 rows to take examples from, but 41 are drawn for 40 shots: lower --shots",
                assertThrows(InvalidInputException.class, () -> task("piqa", false, 40)).getMessage());
    }
}
