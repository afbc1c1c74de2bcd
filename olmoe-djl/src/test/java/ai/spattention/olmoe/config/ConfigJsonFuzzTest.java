package ai.spattention.olmoe.config;

import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.spattention.common.InvalidInputException;
import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;

/** Whatever a config.json holds, it is refused, or read and written again as the same configuration. */
class ConfigJsonFuzzTest {

    @TempDir
    static Path folder;

    @FuzzTest(maxDuration = "1m")
    void anyFileIsReadOrRefused(byte[] content) throws IOException {
        OlmoeConfig config;
        try {
            config = ConfigJson.read(Files.write(folder.resolve("config.json"), content));
        } catch (InvalidInputException e) {
            return;
        }
        Path written = Files.writeString(folder.resolve("written.json"), ConfigJson.write(config, "float32"));
        assertEquals(ConfigJson.write(config, "float32"), ConfigJson.write(ConfigJson.read(written), "float32"));
    }
}
