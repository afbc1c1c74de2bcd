package ai.spattention.eval.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.common.InvalidInputException;
import ai.spattention.eval.metric.MetricName;
import ai.spattention.eval.metric.Statistic;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReportTest {

    private static TaskResult result(String name, int samples, MetricName metric, double value, Double error) {
        return new TaskResult(name, "1.0", 0, samples, Map.of(metric, new Statistic(value, error)),
                new TaskResult.Data("validation", "test", List.of("x.jsonl"), "abc", null), List.of(), List.of());
    }

    @Test
    void comparesWithTheFirst() {
        Map<String, List<TaskResult>> runs = new LinkedHashMap<>();
        runs.put("a", List.of(result("arc", 50, MetricName.ACC, 0.5, 0.03), result("wiki", 9, MetricName.BITS_PER_BYTE, 1.5, null),
                result("only_a", 5, MetricName.ACC, 0.1, 0.1)));
        runs.put("b", List.of(result("arc", 50, MetricName.ACC, 0.54, 0.04), result("wiki", 9, MetricName.BITS_PER_BYTE, 1.25, null)));
        runs.put("c", List.of(result("arc", 60, MetricName.ACC, 0.4, 0.04)));
        Table table = Comparison.of(runs);
        assertEquals(List.of("task", "metric", "a", "b", "difference", "c", "difference"), table.headers());
        assertEquals(List.of(
                List.of("arc", "acc", "0.5000 \u00b1 0.0300", "0.5400 \u00b1 0.0400", "+0.0400 \u00b1 0.0500 ~ (n 50)",
                        "0.4000 \u00b1 0.0400", "-0.1000 \u00b1 0.0500 * (n 50 and 60) (!)"),
                List.of("wiki", "bits_per_byte", "1.5000", "1.2500", "-0.2500 ? (n 9)", "-", "-"),
                List.of("only_a", "acc", "0.1000 \u00b1 0.1000", "-", "-", "-", "-")), table.rows());
        assertThrows(InvalidInputException.class, () -> Comparison.of(Map.of("a", List.of())));
    }

    @Test
    void tablesEscapeWhatTheyHold() {
        Table table = new Table(List.of("task", "value"), List.of(List.of("a|b<script>_*", "1"), List.of("c", "22")));
        assertEquals("""
                | task | value |
                |---|---|
                | a\\|b&lt;script>\\_\\* | 1 |
                | c | 22 |
                """, table.toMarkdown());
        String page = table.toHtml("x & y", "note <b>");
        assertTrue(page.startsWith("<!DOCTYPE html>\n<html lang=\"en\">"), page);
        assertTrue(page.contains("<td>a|b&lt;script&gt;_*</td>") && page.contains("note &lt;b&gt;") && page.contains("x &amp; y"), page);
        assertFalse(page.contains("http"), page);
        assertEquals("task           value\na|b<script>_*  1\nc              22", table.toText());
    }

    @Test
    void nothingInATableBreaksALineOrCommandsATerminal() {
        Table table = new Table(List.of("task", "value"), List.of(List.of("a\u001b[2J\nb", "[x](y) `z`")));
        assertEquals("task           value\na\\u001b[2J\\nb  [x](y) `z`", table.toText());
        assertEquals("| a\\\\u001b\\[2J\\\\nb | \\[x\\](y) \\`z\\` |", table.toMarkdown().lines().toList().get(2));
        assertTrue(table.toHtml("x\u009b", "").contains("<h1>x\\u009b</h1>"), table.toHtml("x\u009b", ""));
    }

    @Test
    void resultsAreReadAsTheyWereWritten(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("r.json");
        List<TaskResult> results = List.of(result("arc", 50, MetricName.ACC_NORM, 0.5, 0.03),
                result("wiki", 9, MetricName.BITS_PER_BYTE, 1.5, null));
        ResultFile.write(file, results, Map.of("config", Map.of("shots", 0)));
        List<TaskResult> read = ResultFile.read(file);
        assertEquals(results.stream().map(TaskResult::metrics).toList(), read.stream().map(TaskResult::metrics).toList());
        assertEquals(List.of("arc", "wiki"), read.stream().map(TaskResult::name).toList());
        assertEquals(50, read.get(0).samples());
        String text = Files.readString(file);
        assertTrue(text.contains("\"acc_norm_stderr\" : 0.03") && text.contains("\"bits_per_byte_stderr\" : null"), text);
        assertTrue(text.contains("\"split\" : \"validation\"") && text.contains("\"wanted_split\" : \"test\""), text);
    }

    @Test
    void refusesOtherFiles(@TempDir Path folder) throws IOException {
        Path file = Files.writeString(folder.resolve("r.json"), "{\"results\": 3}");
        assertTrue(assertThrows(InvalidInputException.class, () -> ResultFile.read(file)).getMessage().contains("has no 'results'"));
        Files.writeString(file, "{");
        assertTrue(assertThrows(InvalidInputException.class, () -> ResultFile.read(file)).getMessage().contains("is not valid JSON"));
        Files.writeString(file, "");
        assertThrows(InvalidInputException.class, () -> ResultFile.read(file));
    }
}
