package ai.spattention.train.config;

import ai.spattention.common.InvalidInputException;
import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;

/** Whatever a run's configuration holds, it is read or refused. */
class RunConfigFuzzTest {

    @TempDir
    static Path folder;

    @FuzzTest(maxDuration = "1m")
    void anyFileIsReadOrRefused(byte[] content) throws IOException {
        Path file = Files.write(folder.resolve("run.yaml"), content);
        try {
            RunConfigLoader.load(ConfigSource.file(file), List.of());
        } catch (InvalidInputException e) {
            // refused
        }
    }
}
