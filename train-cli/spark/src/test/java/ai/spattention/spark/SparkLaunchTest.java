package ai.spattention.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledForJreRange;
import org.junit.jupiter.api.io.TempDir;

@DisabledForJreRange(minVersion = 24, disabledReason = "the Hadoop of Spark 3.5 and 4.0 asks for what Java 24 has removed")
class SparkLaunchTest {

    @TempDir
    private Path folder;

    private Submission launch(Path script, int processes, int restarts) {
        return Submission.run("local[2]", new SparkLaunch(), "--spattn", script.toString(), "--processes", Integer.toString(processes),
                "--max-restarts", Integer.toString(restarts), "train", "--output", folder.toString());
    }

    private List<String> words(String file) throws IOException {
        return List.of(Files.readString(folder.resolve(file)).strip().split(" "));
    }

    @Test
    void theProcessesKnowEachOtherAndAFailureStartsAllAgain() throws IOException {
        Path script = Submission.script(folder.resolve("script"), "cd " + folder, "attempt=first",
                "case \"$*\" in *--resume) attempt=second ;; esac",
                "echo \"$RANK $WORLD_SIZE $LOCAL_RANK $LOCAL_WORLD_SIZE $MASTER_ADDR $MASTER_PORT $$ $*\" > $attempt-$RANK.tmp",
                "mv $attempt-$RANK.tmp $attempt-$RANK", "echo says $RANK",
                "if [ $attempt = second ]; then exit 0; fi",
                "if [ $RANK = 0 ]; then exec sleep 600; fi",
                "while [ ! -e first-0 ]; do sleep 0.1; done", "echo 'spattn: out of luck'", "exit 3");
        Submission result = launch(script, 2, 1);
        assertEquals(0, result.code(), result.err());
        assertTrue(result.err().contains("spattn: rank 1 ended with exit code 3: out of luck; restart 1 of 1"), result.err());
        assertTrue(result.err().contains("[rank 0] says 0") && result.err().contains("[rank 1] says 1"), result.err());
        for (String attempt : List.of("first", "second")) {
            List<String> zero = words(attempt + "-0");
            List<String> one = words(attempt + "-1");
            assertEquals(List.of("0", "2", "0", "2"), zero.subList(0, 4));
            assertEquals(List.of("1", "2", "1", "2"), one.subList(0, 4));
            assertEquals(zero.subList(4, 6), one.subList(4, 6)); // where they meet
            assertTrue(Integer.parseInt(zero.get(5)) > 0);
            assertEquals(zero.subList(7, zero.size()), one.subList(7, one.size()));
        }
        assertEquals(List.of("train", "--output", folder.toString(), "--resume"), words("second-0").subList(7, 11));
        long sleeper = Long.parseLong(words("first-0").get(6));
        assertFalse(ProcessHandle.of(sleeper).map(ProcessHandle::isAlive).orElse(false), "the process that was left is still there");
    }

    @Test
    void badInputIsNotTriedAgain() throws IOException {
        Path script = Submission.script(folder.resolve("script"), "echo x >> " + folder.resolve("starts"),
                "echo 'spattn: --config is missing: name a preset or a .yaml file' >&2", "exit 2");
        Submission result = launch(script, 1, 5);
        assertEquals(2, result.code(), result.err());
        assertEquals("spattn: rank 0 ended with exit code 2: --config is missing: name a preset or a .yaml file", result.lastLine());
        assertEquals(1, Files.readAllLines(folder.resolve("starts")).size());
    }

    @Test
    void whatCannotBeIsRefusedInOneLine() {
        Path nothing = folder.resolve("nothing");
        System.setProperty("spark.dynamicAllocation.enabled", "true");
        try {
            Submission dynamic = launch(nothing, 1, 0);
            assertEquals(2, dynamic.code());
            assertEquals("spattn: spark.dynamicAllocation.enabled is true, but processes that work together need all their executors at once: submit"
                    + " with --conf spark.dynamicAllocation.enabled=false", dynamic.err().strip());
        } finally {
            System.clearProperty("spark.dynamicAllocation.enabled");
        }
        assertEquals("spattn: --processes must be at least 1 (got 0), and --max-restarts at least 0 (got 0)", launch(nothing, 0, 0).err().strip());
        Submission missing = Submission.run("local[2]", new SparkLaunch(), "train");
        assertEquals(2, missing.code());
        assertEquals("spattn: Missing required option: '--spattn=PLACE'", missing.err().strip());
        Submission absent = launch(nothing, 1, 0);
        assertEquals(2, absent.code());
        assertTrue(absent.lastLine().startsWith("spattn: --spattn " + nothing + " is not there on this machine"), absent.err());
    }

    /** One process, which needs neither MPI nor a GPU. */
    @Test
    void oneProcessTrains() throws IOException {
        Path text = Files.writeString(folder.resolve("text.txt"), "some words of a text to learn from\n".repeat(400));
        Path data = folder.resolve("data");
        Submission.spattn("prepare", text.toString(), "--tokenizer", "bytes", "--output", data.toString(), "--validation-fraction", "0");
        Path run = folder.resolve("run");
        Submission result = Submission.run("local[2]", new SparkLaunch(), "--spattn", Submission.spattn(), "train", "--config", "quickstart",
                "--device", "cpu", "--output", run.toString(), "--set", "data.path=" + data, "--set", "data.sequence_length=48",
                "--set", "model.hidden_size=32", "--set", "model.intermediate_size=16", "--set", "model.num_hidden_layers=2",
                "--set", "model.num_attention_heads=4", "--set", "model.num_key_value_heads=2", "--set", "model.num_experts=4",
                "--set", "model.num_experts_per_tok=2", "--set", "training.steps=3", "--set", "training.micro_batch=4",
                "--set", "schedule.warmup_steps=1", "--set", "validation.every_steps=0", "--set", "sample.every_steps=0");
        assertEquals(0, result.code(), result.err());
        assertTrue(result.err().contains("[rank 0] "), result.err());
        assertTrue(Files.exists(run.resolve("model/model.safetensors")), result.err());
        assertNotEquals(Set.of(), Set.copyOf(Files.readAllLines(run.resolve("metrics.jsonl"))));
    }
}
