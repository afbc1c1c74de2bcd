package ai.spattention.olmoe.tokenizer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.common.InvalidInputException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files that end the process in version 0.21 of Hugging Face's library, when they are loaded, encode or decode. */
class TokenizerTrialTest {

    @TempDir
    private Path folder;

    private static ObjectNode bytes() throws IOException {
        return (ObjectNode) new ObjectMapper().readTree(new ByteTokenizer().toJson());
    }

    private void refused(ObjectNode root, String reason) throws IOException {
        Path file = Files.writeString(folder.resolve("tokenizer.json"), root.toString());
        String message = assertThrows(InvalidInputException.class, () -> Tokenizers.load(file, null)).getMessage();
        assertTrue(message.matches("\\Q" + file + " makes Hugging Face's library (version \\E[-.\\d]+\\Q) end the process: " + reason
                + "\\E.*; the file is damaged or made for another version, choose another tokenizer"), message);
    }

    @Test
    void whatEndsTheProcessIsRefused() throws IOException {
        ObjectNode loading = bytes();
        loading.putObject("normalizer").put("type", "Precompiled").put("precompiled_charsmap", "AAAA");
        refused(loading, "Precompiled: Error(");
        ObjectNode encoding = bytes();
        ObjectNode processor = encoding.putObject("post_processor").put("type", "TemplateProcessing");
        processor.putArray("single").addObject().putObject("SpecialToken").put("id", "[CLS]").put("type_id", 0);
        processor.putArray("pair").addObject().putObject("Sequence").put("id", "A").put("type_id", 0);
        processor.putObject("special_tokens");
        refused(encoding, "no entry found for key");
        ObjectNode decoding = bytes();
        decoding.putObject("decoder").put("type", "Strip").put("content", "a").put("start", 0).put("stop", 2);
        refused(decoding, "index out of bounds: the len is 1");
    }

    @Test
    void whatPassedIsNotTriedAgain() throws IOException {
        TokenizerJson json = TokenizerJson.of(folder.resolve("tokenizer.json"), bytes().toString());
        TokenizerTrial.require(json, folder.resolve("cache"));
        try (Stream<Path> kept = Files.list(folder.resolve("cache"))) {
            List<Path> files = kept.toList();
            assertEquals(1, files.size());
            Files.setLastModifiedTime(files.get(0), FileTime.fromMillis(1000));
            TokenizerTrial.require(json, folder.resolve("cache"));
            assertEquals(1000, Files.getLastModifiedTime(files.get(0)).toMillis());
        }
    }

    /** Neither the trial nor the file is to blame for a library that does not load. */
    @Test
    void aLibraryThatDoesNotLoadIsNamed() throws Exception {
        Path file = Files.writeString(folder.resolve("tokenizer.json"), bytes().toString());
        Path cache = Files.writeString(folder.resolve("cache"), "a file where a folder should be");
        Process process = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1", "-DDJL_CACHE_DIR=" + cache, "-cp", System.getProperty("java.class.path"),
                Loads.class.getName(), file.toString()).start();
        String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertTrue(out.contains("the library of Hugging Face's tokenizers does not load (") && out.contains("unpacked into " + cache), out);
    }

    /** Loads a tokenizer and prints why it does not load. */
    static final class Loads {

        public static void main(String[] arguments) {
            try (Tokenizer tokenizer = Tokenizers.load(Path.of(arguments[0]), null)) {
                System.out.println("loaded " + tokenizer.name());
            } catch (InvalidInputException e) {
                System.out.println(e.getMessage());
            }
        }
    }
}
