package ai.spattention.train.cli.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.train.cli.Cli;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The benchmark's plan and report; no test looks at the times themselves. */
class BenchBlockCommandTest {

    private static final String[] SMALL = {"bench", "block", "--device", "cpu", "--heads", "2", "--head-dim", "8", "--length", "256",
        "--repetitions", "2"};

    @TempDir
    private Path folder;

    @Test
    void comparesWithDjlsBlockAndWithDenseAttention() throws IOException {
        JsonNode root = run("--pattern", "causal,exclusive", "--batch", "2");
        assertEquals("float32", root.get("precision").asText());
        assertEquals(16, root.get("model_dim").asInt());
        assertEquals(0, root.get("dropout").asDouble());
        assertEquals(List.of("attention attention causal dense", "attention attention causal dense",
                "attention attention exclusive tiled", "transformer ScaledDotProductAttentionBlock causal djl",
                "transformer SpAttentionBlock causal dense", "transformer SpAttentionBlock causal dense",
                "transformer SpAttentionBlock exclusive tiled"), names(root));
        for (JsonNode row : root.get("rows")) {
            assertEquals(512, row.get("length").asInt() * row.get("batch").asInt());
            assertTrue(row.get("forward_backward_ms").asDouble() > 0, row.toString());
            assertEquals(row.get("part").asText().equals("transformer"), row.has("step_ms"));
        }
        JsonNode tiled = root.get("rows").get(2);
        assertTrue(tiled.get("kernels_passed_over").get("fused").asText().contains("NVIDIA GPUs only"), tiled.toString());
        assertEquals(Math.min(figure(root, 0, "forward_backward_ms"), figure(root, 1, "forward_backward_ms"))
                / figure(root, 2, "forward_backward_ms"), tiled.get("times_faster_than_dense").asDouble(), 1e-9);
        assertFalse(tiled.has("times_faster_than_djl"), tiled.toString());
        JsonNode last = root.get("rows").get(6);
        assertTrue(last.get("step_ms").asDouble() > last.get("forward_backward_ms").asDouble(), last.toString());
        assertEquals(figure(root, 3, "step_ms") / figure(root, 6, "step_ms"), last.get("times_faster_than_djl").asDouble(), 1e-9);
        assertEquals(figure(root, 6, "peak_mb") / figure(root, 3, "peak_mb"), last.get("peak_part_of_djl").asDouble(), 1e-9);
        assertEquals(0, root.get("failures").size());
    }

    @Test
    void allAreGivenTheDropoutThatDjlsBlockHas() throws IOException {
        JsonNode root = run("--pattern", "exclusive", "--dropout", "0.1");
        assertEquals(0.1, root.get("dropout").asDouble(), 1e-6);
        JsonNode last = root.get("rows").get(4);
        assertEquals("transformer tiled", last.get("part").asText() + " " + last.get("kernel").asText());
    }

    @Test
    void leavesDjlsBlockOutInBfloat16() throws IOException {
        JsonNode root = run("--pattern", "exclusive", "--precision", "bfloat16");
        assertEquals(List.of("attention attention causal dense", "attention attention exclusive tiled",
                "transformer SpAttentionBlock causal dense", "transformer SpAttentionBlock exclusive tiled"), names(root));
    }

    @Test
    void measuresAttentionAlone() throws IOException {
        Cli result = Cli.ok(with("--pattern", "exclusive", "--layers", "0", "--warm-ups", "1"));
        assertTrue(result.err().contains("the fused kernel does not serve in a plain DJL Trainer here: it runs on NVIDIA GPUs only"),
                result.err());
        assertTrue(result.out().contains("x dense") && result.out().contains("only the tiles that the pattern allows"), result.out());
        assertFalse(result.out().contains("transformer"), result.out());
    }

    @Test
    void refusesWhatMakesNoSense() {
        assertTrue(Cli.refused(with("--layers", "-1")).contains("--layers must be at least 0 (got -1)"));
        assertTrue(Cli.refused(with("--dropout", "1")).contains("--dropout must lie in [0, 1) (got 1.0)"));
        assertTrue(Cli.refused(with("--warm-ups", "0")).contains("--warm-ups must be at least 1 (got 0)"));
        assertTrue(Cli.refused(with("--precision", "float16")).contains("must be one of float32, bfloat16"));
        assertTrue(Cli.refused(with("--batch-tokens", "100")).contains("100 tokens and length 256"));
    }

    private JsonNode run(String... arguments) throws IOException {
        Path file = folder.resolve("block.json");
        Cli.ok(Stream.concat(Stream.of(with(arguments)), Stream.of("--layers", "1", "--warm-ups", "1", "--output", file.toString()))
                .toArray(String[]::new));
        return new ObjectMapper().readTree(file.toFile());
    }

    private static List<String> names(JsonNode root) {
        List<String> names = new ArrayList<>();
        root.get("rows").forEach(row -> names.add(row.get("part").asText() + " " + row.get("block").asText() + " "
                + row.get("pattern").asText() + " " + row.get("kernel").asText()));
        return names;
    }

    private static double figure(JsonNode root, int row, String key) {
        return root.get("rows").get(row).get(key).asDouble();
    }

    private static String[] with(String... arguments) {
        return Stream.concat(Stream.of(SMALL), Stream.of(arguments)).toArray(String[]::new);
    }
}
