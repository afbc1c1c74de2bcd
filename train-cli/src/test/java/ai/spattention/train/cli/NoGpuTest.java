package ai.spattention.train.cli;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.engine.Engine;
import ai.spattention.train.SmallData;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A GPU that was asked for and is not there: never a silent run on the CPU. */
class NoGpuTest {

    @TempDir
    private Path folder;

    @BeforeAll
    static void requireNoGpu() {
        Assumptions.assumeTrue(Engine.getEngine("PyTorch").getGpuCount() == 0, "PyTorch sees a GPU here");
    }

    @Test
    void isRefusedByOptionAndByConfiguration() throws IOException {
        Path data = folder.resolve("data");
        SmallData.prepare(data);
        String run = folder.resolve("run").toString();
        for (List<String> asked : List.of(List.of("--device", "gpu"), List.of("--set", "device=gpu"))) {
            String message = Cli.refused("train", "--config", "quickstart", "--set", "data.path=" + data, "--output", run,
                    asked.get(0), asked.get(1));
            assertTrue(message.contains("no GPU") && message.contains("cpu"), message);
            assertFalse(Files.exists(Path.of(run)));
        }
    }
}
