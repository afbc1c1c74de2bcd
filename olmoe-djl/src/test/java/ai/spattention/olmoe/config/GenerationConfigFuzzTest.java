package ai.spattention.olmoe.config;

import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.generate.GenerationOptions;
import ai.spattention.olmoe.generate.GenerationRequest;
import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;

/** Whatever a generation_config.json holds, it is refused, or texts can be continued as it says. */
class GenerationConfigFuzzTest {

    @TempDir
    static Path folder;

    @FuzzTest(maxDuration = "1m")
    void anyFileIsFollowedOrRefused(byte[] content) throws IOException {
        Path file = Files.write(folder.resolve("generation_config.json"), content);
        GenerationConfig config;
        try {
            config = GenerationConfig.read(folder);
        } catch (InvalidInputException e) {
            assertTrue(e.getMessage().startsWith(file.toString()), e.getMessage());
            return;
        }
        try {
            GenerationOptions options = new GenerationRequest(null, null, null, null, 0).in(folder, 0);
            assertTrue(options.maxNewTokens() >= 1 && options.maxLength() >= 1, config::toString);
        } catch (InvalidInputException e) {
            assertTrue(e.getMessage().contains("_token"), e.getMessage()); // the file's ids of tokens
        }
    }
}
