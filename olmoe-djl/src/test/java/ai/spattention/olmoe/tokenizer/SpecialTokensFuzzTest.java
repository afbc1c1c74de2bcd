package ai.spattention.olmoe.tokenizer;

import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.common.InvalidInputException;
import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;

/** Whatever the files of a tokenizer's folder hold, special tokens come of them or they are refused. */
class SpecialTokensFuzzTest {

    private static final List<String> FILES = List.of("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json",
            "added_tokens.json", "generation_config.json", "config.json");

    @TempDir
    static Path folder;

    /** The first byte chooses a file, the rest is what it holds; a sound tokenizer lies beside it. */
    @FuzzTest(maxDuration = "1m")
    void anyFolderIsReadOrRefused(byte[] content) throws IOException {
        if (content.length == 0) {
            return;
        }
        Files.writeString(folder.resolve("tokenizer.json"), new ByteTokenizer().toJson());
        Path file = folder.resolve(FILES.get((content[0] & 0xFF) % FILES.size()));
        Files.write(file, Arrays.copyOfRange(content, 1, content.length));
        try {
            SpecialTokens tokens = SpecialTokens.read(folder);
            assertTrue(tokens.ends().stream().allMatch(end -> end.id() >= 0), tokens::toString);
            tokens.prefix().ifPresent(prefix -> assertTrue(prefix.id() >= 0, tokens::toString));
            assertTrue(tokens.pad() == null || tokens.pad().id() >= 0, tokens::toString);
        } catch (InvalidInputException e) {
            // refused
        } finally {
            Files.delete(file);
        }
    }
}
