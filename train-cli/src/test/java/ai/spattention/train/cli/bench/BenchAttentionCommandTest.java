package ai.spattention.train.cli.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.train.cli.Cli;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The benchmark's plan and report; no test looks at the times themselves. */
class BenchAttentionCommandTest {

    private static final String[] SMALL = {"bench", "attention", "--device", "cpu", "--heads", "2", "--head-dim", "8",
        "--repetitions", "1"};

    @Test
    void namesTheKernelAndWhyForEachCase(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("rows.json");
        Cli result = Cli.ok(with("--length", "16,256", "--batch-tokens", "512", "--precision", "bfloat16", "--pattern",
                "causal,exclusive", "--kernel", "auto,masked,window", "--output", file.toString()));
        assertTrue(result.err().contains("left out: the window kernel cannot compute causal at length 16: it needs a GPU"),
                result.err());
        assertTrue(result.err().contains("the fused kernel does not serve in a plain DJL Trainer here: it runs on NVIDIA GPUs only"),
                result.err());
        assertTrue(result.out().contains("few scores a head"), result.out());
        JsonNode root = new ObjectMapper().readTree(file.toFile());
        assertEquals("bfloat16", root.get("precision").asText());
        assertEquals(1, root.get("queued").asInt());
        assertEquals(8, root.get("rows").size());
        row(root, 0, "causal", 16, 32, "dense");
        row(root, 1, "causal", 16, 32, "masked");
        row(root, 2, "exclusive", 16, 32, "sdpa");
        row(root, 4, "causal", 256, 2, "dense");
        row(root, 6, "exclusive", 256, 2, "tiled");
        JsonNode tiled = root.get("rows").get(6);
        assertTrue(tiled.get("kernels_passed_over").get("window").asText().contains("needs a GPU"), tiled.toString());
        assertEquals("libtorch", tiled.get("backward_by").asText());
        double fastest = Math.min(time(root, 4), time(root, 5));
        assertEquals(fastest / time(root, 6), tiled.get("times_faster_than_causal").asDouble(), 1e-9);
    }

    private static void row(JsonNode root, int index, String pattern, int length, int batch, String kernel) {
        JsonNode row = root.get("rows").get(index);
        assertEquals(pattern + length + batch + kernel, row.get("pattern").asText() + row.get("length").asInt()
                + row.get("batch").asInt() + row.get("kernel").asText());
        assertTrue(row.get("forward_ms").asDouble() > 0 && row.get("forward_backward_ms").asDouble() > 0, row.toString());
    }

    private static double time(JsonNode root, int index) {
        return root.get("rows").get(index).get("forward_backward_ms").asDouble();
    }

    @Test
    void refusesWhatDoesNotFitTogether() {
        assertTrue(Cli.refused(with("--length", "48", "--batch-tokens", "100")).contains("100 tokens and length 48"));
        assertTrue(Cli.refused(with("--batch", "2", "--batch-tokens", "64")).contains("give one of them"));
        assertTrue(Cli.refused(with("--kernel", "fast")).contains("unknown attention kernel 'fast'"));
        assertTrue(Cli.refused(with("--queued", "0")).contains("--queued must be at least 1 (got 0)"));
    }

    @Test
    void refusesWhenNothingCanBeMeasured() {
        Cli result = Cli.run(with("--length", "16", "--pattern", "sp", "--kernel", "dense"));
        assertEquals(2, result.code());
        assertTrue(result.err().contains("nothing to measure: the dense kernel cannot compute sp at length 16"), result.err());
    }

    private static String[] with(String... arguments) {
        return Stream.concat(Stream.of(SMALL), Stream.of(arguments)).toArray(String[]::new);
    }
}
