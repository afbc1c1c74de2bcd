package ai.spattention.olmoe.tokenizer;

import ai.spattention.InvalidInputException;
import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;

/** Whatever a tokenizer.json holds, it is refused, or a tokenizer comes of it that takes text. */
class TokenizerFuzzTest {

    @TempDir
    static Path folder;

    @FuzzTest(maxDuration = "1m")
    void anyFileIsReadOrRefused(byte[] content) throws IOException {
        Path file = Files.write(folder.resolve("tokenizer.json"), content);
        try (Tokenizer tokenizer = Tokenizers.load(file, null)) {
            tokenizer.encodeOrdinary("a <|endoftext|> b");
        } catch (InvalidInputException e) {
            // refused
        }
    }
}
