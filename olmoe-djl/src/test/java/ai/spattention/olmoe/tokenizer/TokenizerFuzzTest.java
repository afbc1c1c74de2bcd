package ai.spattention.olmoe.tokenizer;

import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.common.InvalidInputException;
import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.io.TempDir;

/** Whatever a tokenizer.json holds, it is refused, or a tokenizer comes of it that takes text into ids of its vocabulary. */
class TokenizerFuzzTest {

    @TempDir
    static Path folder;

    @FuzzTest(maxDuration = "1m")
    void anyFileIsReadOrRefused(byte[] content) throws IOException {
        Path file = Files.write(folder.resolve("tokenizer.json"), content);
        try (Tokenizer tokenizer = Tokenizers.load(file, null)) {
            int[] ids = tokenizer.encodeOrdinary("a <|endoftext|> b");
            assertTrue(Arrays.stream(ids).allMatch(id -> id >= 0 && id < tokenizer.vocabSize()),
                    () -> Arrays.toString(ids) + " of " + tokenizer.vocabSize());
            tokenizer.decode(ids);
        } catch (InvalidInputException e) {
            // refused
        }
    }
}
