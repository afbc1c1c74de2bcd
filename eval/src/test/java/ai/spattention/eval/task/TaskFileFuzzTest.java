package ai.spattention.eval.task;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTimeout;

import ai.spattention.common.InvalidInputException;
import ai.spattention.eval.data.Row;
import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.io.TempDir;

/** Whatever a task file holds, it is refused in one line, or makes texts of a row, or refuses the row in one line; and soon. */
class TaskFileFuzzTest {

    private static final TaskCatalog CATALOG = new TaskCatalog();
    private static final Row ROW = new Row(Path.of("rows.jsonl"), 1, Map.of("a", "some text", "n", 3, "f", 0.5, "yes", true,
            "list", List.of(1, "b", List.of(2.5)), "map", Map.of("k", List.of("v"), "n", 1)));

    @TempDir
    static Path folder;

    @FuzzTest(maxDuration = "1m")
    void anyFileIsReadOrRefused(byte[] content) throws IOException {
        Path file = Files.write(folder.resolve("task.yaml"), content);
        assertTimeout(Duration.ofSeconds(20), () -> {
            try {
                TaskSpec spec = CATALOG.find(file.toString()).tasks().get(0);
                TaskRows rows = new TaskRows(spec, List.of(ROW), false, 0);
                switch (spec.kind()) {
                    case MULTIPLE_CHOICE -> rows.question(ROW);
                    case CONTINUATION -> rows.continuation(ROW);
                    case ROLLING -> rows.text(ROW);
                }
            } catch (InvalidInputException e) {
                assertEquals(1, e.getMessage().lines().count(), e.getMessage());
            }
        });
    }
}
