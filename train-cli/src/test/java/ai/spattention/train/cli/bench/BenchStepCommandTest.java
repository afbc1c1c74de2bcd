package ai.spattention.train.cli.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.train.cli.Cli;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BenchStepCommandTest {

    @TempDir
    private Path folder;

    /** A model so small that a pass takes milliseconds. */
    private static String[] arguments(String... more) {
        List<String> arguments = new ArrayList<>(List.of("bench", "step", "--device", "cpu", "--warm-ups", "1", "--repetitions", "2"));
        for (String setting : new String[] {"model.hidden_size=32", "model.intermediate_size=16", "model.num_hidden_layers=2",
            "model.num_attention_heads=2", "model.num_experts=4"}) {
            arguments.addAll(List.of("--set", setting));
        }
        arguments.addAll(Arrays.asList(more));
        return arguments.toArray(String[]::new);
    }

    @Test
    void measuresPatternsAndLengthsInOneRun() throws Exception {
        Path output = folder.resolve("step.json");
        Cli result = Cli.ok(arguments("--pattern", "causal,sp", "--length", "32,48", "--micro-batch", "2,1", "--precision", "bfloat16",
                "--activation-checkpointing", "selective", "--set", "training.peak_tflops=1", "--output", output.toString()));
        JsonNode root = new ObjectMapper().readTree(output.toFile());
        assertEquals("bfloat16", root.get("precision").asText());
        assertEquals("selective", root.get("activation_checkpointing").asText());
        assertEquals(4, root.get("rows").size());
        for (JsonNode row : root.get("rows")) {
            double ms = row.get("forward_backward_ms").asDouble();
            int tokens = row.get("length").asInt() * row.get("micro_batch").asInt();
            assertEquals(row.get("length").asInt() == 32 ? 64 : 48, tokens);
            assertEquals(1000 * tokens / ms, row.get("forward_backward_tokens_per_second").asDouble(), 1e-6 * 1000 * tokens / ms);
            assertTrue(row.get("step_ms").asDouble() > ms);
            assertTrue(row.get("host_ms").asDouble() > 0 && row.get("host_ms").asDouble() < 2 * ms, row.toString());
            assertTrue(row.get("model_flop_utilisation").asDouble() > 0);
            for (String part : new String[] {"attention", "experts", "router", "loss", "optimizer", "rest"}) {
                assertTrue(row.get("part_ms").has(part), part);
            }
            assertTrue(row.get("pass").asText().startsWith("blocks"), row.toString());
            assertEquals(0, row.get("launches").asInt());
            assertEquals("full", row.get("activation_checkpointing").asText());
        }
        assertTrue(result.out().contains("x first") && result.out().contains("host ms") && result.out().contains("1.00"), result.out());
    }

    @Test
    void comparesKernelsAndLeavesOutWhatDoesNotFit() throws Exception {
        Path output = folder.resolve("step.json");
        Cli result = Cli.ok(arguments("--pattern", "causal,sp", "--kernel", "dense,masked", "--length", "32", "--micro-batch", "1",
                "--no-optimizer", "--output", output.toString()));
        List<String> rows = new ArrayList<>();
        new ObjectMapper().readTree(output.toFile()).get("rows").forEach(row -> rows.add(row.get("pattern").asText() + " "
                + row.get("kernel").asText()));
        assertEquals(List.of("causal dense", "causal masked", "sp masked"), rows);
        assertTrue(result.err().contains("left out: the dense kernel cannot compute this attention (pattern sp)"), result.err());
    }

    @Test
    void leavesTheOptimizerOut() throws Exception {
        Path output = folder.resolve("step.json");
        Cli.ok(arguments("--length", "32", "--micro-batch", "1", "--no-optimizer", "--output", output.toString()));
        JsonNode row = new ObjectMapper().readTree(output.toFile()).get("rows").get(0);
        assertEquals("sp", row.get("pattern").asText());
        assertTrue(!row.has("step_ms") && !row.get("part_ms").has("optimizer") && !row.has("model_flop_utilisation"), row.toString());
    }

    @Test
    void refusesWhatMakesNoSense() {
        assertTrue(Cli.refused("bench", "step", "--repetitions", "0").contains("--repetitions must be at least 1"));
        assertTrue(Cli.refused(arguments("--length", "32", "--micro-batch", "1,2")).contains("one for each length (got 2 for 1 lengths)"));
        assertTrue(Cli.refused(arguments("--pattern", "dense")).contains("dense"));
        assertTrue(Cli.refused(arguments("--activation-checkpointing", "some")).contains("training.activation_checkpointing must be one of none,"
                + " selective, full, auto (got 'some')"));
        assertTrue(Cli.refused(arguments("--precision", "float8")).contains("precision must be one of float32, bfloat16"));
        Path trace = folder.resolve("trace.json");
        assertTrue(Cli.refused(arguments("--profile", trace.toString())).contains("--profile shows planned passes, and this one would run by"
                + " blocks: "));
        assertFalse(Files.exists(trace));
        Cli unsupported = Cli.run(arguments("--kernel", "window", "--pattern", "sp", "--length", "32", "--micro-batch", "1"));
        assertEquals(2, unsupported.code(), unsupported.err());
        assertTrue(unsupported.err().contains("the window kernel cannot compute this attention (pattern sp)"), unsupported.err());
    }
}
