package ai.spattention.olmoe.tokenizer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import ai.spattention.common.InvalidInputException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Bytes as ids 0 to 255, then 256 &lt;|endoftext|&gt;, 257 &lt;|im_end|&gt;, 258 &lt;s&gt; and 259 &lt;pad&gt;. */
class SpecialTokensTest {

    @TempDir
    private Path folder;

    @BeforeEach
    void tokenizer() throws IOException {
        write("tokenizer.json", withTokens("<|im_end|>", "<s>", "<pad>").toString());
    }

    private static ObjectNode withTokens(String... texts) throws IOException {
        ObjectNode root = (ObjectNode) new ObjectMapper().readTree(new ByteTokenizer().toJson());
        ObjectNode token = root.withArray("added_tokens").get(0).deepCopy();
        for (int i = 0; i < texts.length; i++) {
            root.withArray("added_tokens").add(token.deepCopy().put("id", 257 + i).put("content", texts[i]));
        }
        return root;
    }

    private void write(String name, String text) throws IOException {
        Files.writeString(folder.resolve(name), text);
    }

    private SpecialTokens read() {
        return SpecialTokens.read(folder);
    }

    private String refusal() {
        return assertThrows(InvalidInputException.class, this::read).getMessage().replace(folder.toString(), "DIR");
    }

    private static List<Integer> ends(SpecialTokens tokens) {
        return tokens.ends().stream().map(SpecialToken::id).toList();
    }

    @Test
    void generationConfigComesBeforeConfig() throws IOException {
        write("config.json", "{\"vocab_size\": 272, \"eos_token_id\": 257, \"pad_token_id\": 1}");
        assertEquals(List.of(257), ends(read()));
        assertEquals(new SpecialToken(257, "<|im_end|>", "config.json"), read().ends().get(0));
        write("generation_config.json", "{\"eos_token_id\": [256, 257]}");
        assertEquals(List.of(256, 257), ends(read()));
        assertEquals("generation_config.json", read().ends().get(1).source());
        write("generation_config.json", "{\"temperature\": 0.5}");
        assertEquals(List.of(257), ends(read()));
        // the tokenizer's own end is another matter: by default that of OLMoE's tokenizer class
        assertEquals(256, read().eos().id());
        assertEquals(new SpecialToken(1, "\u0101", "config.json"), read().pad());
    }

    @Test
    void whereNothingIsToldTheTokenizerDecides() throws IOException {
        assertEquals(List.of(256), ends(read()));
        ObjectNode root = withTokens("</s>");
        root.withArray("added_tokens").remove(0);
        ((ObjectNode) root.withArray("added_tokens").get(0)).put("id", 256);
        write("tokenizer.json", root.toString());
        assertEquals(new SpecialToken(256, "</s>", "the name that it usually has"), read().eos());
        assertEquals(List.of(256), ends(read()));
        assertNull(read().bos());
        assertEquals(256, read().prefix().orElseThrow().id());
        write("config.json", "{\"eos_token_id\": 65}");
        assertEquals(65, read().eos().id(), "a guess comes last");
        Files.delete(folder.resolve("tokenizer.json"));
        assertEquals(List.of(65), ends(read()));
    }

    /** What transformers 4.57 and 5.17 read: with added_tokens_decoder the map is not looked at, without it the map wins. */
    @ParameterizedTest
    @CsvSource(delimiter = ';', quoteCharacter = '`', value = {
        "{\"eos_token\": \"<|im_end|>\"}                      ; {}                                     ; 257",
        "{\"eos_token\": {\"content\": \"<|im_end|>\"}}       ; {}                                     ; 257",
        "{\"eos_token\": \"<s>\"}                             ; {\"eos_token\": \"<|im_end|>\"}        ; 257",
        "{\"eos_token\": \"<s>\"}                             ; {\"eos_token\": {\"content\": \"<|im_end|>\", \"lstrip\": false}} ; 257",
        "{}                                                   ; {\"eos_token\": \"<|im_end|>\"}        ; 257",
        "{\"eos_token\": \"<s>\", \"added_tokens_decoder\": {\"258\": {\"content\": \"<s>\"}}} ; {\"eos_token\": \"<|im_end|>\"} ; 258",
        "{\"eos_token\": \"<s>\"}                             ; {\"bos_token\": \"<|im_end|>\"}        ; 258",
        "{\"tokenizer_class\": \"GPTNeoXTokenizerFast\"}      ; {}                                     ; 256"})
    void theTokenizersFilesByPrecedence(String config, String map, int eos) throws IOException {
        write("config.json", "{\"eos_token_id\": 65}");
        write("tokenizer_config.json", config);
        write("special_tokens_map.json", map);
        assertEquals(eos, read().eos().id());
    }

    @Test
    void thePrefixIsTheBeginningElseTheEnd() throws IOException {
        write("tokenizer_config.json", "{\"bos_token\": \"<s>\", \"eos_token\": \"<|im_end|>\", \"pad_token\": \"<pad>\"}");
        assertEquals(258, read().prefix().orElseThrow().id());
        assertEquals(new SpecialToken(259, "<pad>", "tokenizer_config.json"), read().pad());
        write("tokenizer_config.json", "{\"bos_token\": null, \"eos_token\": \"<|im_end|>\"}");
        assertNull(read().bos());
        assertEquals(257, read().prefix().orElseThrow().id());
        write("tokenizer_config.json", "{\"eos_token\": \"<|im_end|>\"}"); // the class's default begins
        assertEquals(256, read().prefix().orElseThrow().id());
        write("tokenizer_config.json", "{\"eos_token\": \"<|im_end|>\", \"tokenizer_class\": \"PreTrainedTokenizerFast\"}");
        assertEquals(257, read().prefix().orElseThrow().id());
    }

    @Test
    void contradictionsAreNamed() throws IOException {
        write("tokenizer_config.json", "{\"eos_token\": \"<end>\"}");
        assertEquals("DIR/tokenizer_config.json names the eos_token '<end>', which DIR/tokenizer.json does not have: correct one of"
                + " the two", refusal());
        write("tokenizer_config.json", "{\"eos_token\": \"<end>\", \"pad_token\": \"<none>\", "
                + "\"added_tokens_decoder\": {\"260\": {\"content\": \"<end>\"}}}");
        assertEquals(260, read().eos().id());
        assertNull(read().pad(), "nothing here pads");
        write("tokenizer_config.json", "{\"eos_token\": \"<s>\", \"added_tokens_decoder\": {\"7\": {\"content\": \"<s>\"}}}");
        assertEquals("the token '<s>' has the id 258 in DIR/tokenizer.json and 7 in the files beside it (tokenizer_config.json,"
                + " added_tokens.json): correct one of them", refusal());
        write("tokenizer_config.json", "{\"eos_token\": 5}");
        assertEquals("DIR/tokenizer_config.json has 'eos_token' = 5: it must be a token's text, an object with 'content', or null",
                refusal());
        write("tokenizer_config.json", "{\"eos_token\": \"<s>\"");
        assertEquals("DIR/tokenizer_config.json is not valid JSON: Unexpected end-of-input: expected close marker for Object (line 1)",
                refusal().replaceAll(" \\(start marker.*?\\)", ""));
        Files.delete(folder.resolve("tokenizer_config.json"));
        write("config.json", "{\"vocab_size\": 257}");
        write("generation_config.json", "{\"eos_token_id\": [256, 257]}");
        assertEquals("DIR/generation_config.json has the eos_token_id 257, outside the vocabulary of 257 in config.json", refusal());
    }

    @Test
    void aTokenizerLoadsWithTheEndOfItsFolder() throws IOException {
        write("tokenizer_config.json", "{\"eos_token\": \"<|im_end|>\"}");
        Path elsewhere = Files.copy(folder.resolve("tokenizer.json"), folder.resolve("other.json"));
        try (Tokenizer own = Tokenizers.load(folder.toString()); Tokenizer file = Tokenizers.load(folder.resolve("tokenizer.json"), null);
                Tokenizer chosen = Tokenizers.load(folder.resolve("tokenizer.json"), 258); Tokenizer other = Tokenizers.load(elsewhere, null)) {
            assertEquals(List.of(257, 257, 258, 256), List.of(own.eosId().getAsInt(), file.eosId().getAsInt(),
                    chosen.eosId().getAsInt(), other.eosId().getAsInt()), "a file of another name belongs to nothing beside it");
        }
    }

    /** What is exported is found again, whatever the end was. */
    @Test
    void theExportedFilesTellTheSame() throws IOException {
        for (int eos : new int[] {256, 258, 'a', 300}) {
            try (Tokenizer tokenizer = Tokenizers.load(folder.resolve("tokenizer.json"), eos)) {
                Path export = Files.createDirectory(folder.resolve("export" + eos));
                Files.writeString(export.resolve("tokenizer.json"), tokenizer.toJson());
                Files.writeString(export.resolve("tokenizer_config.json"), TokenizerConfig.of(tokenizer));
                Files.writeString(export.resolve("config.json"), "{\"vocab_size\": 512, \"eos_token_id\": " + eos + "}");
                SpecialTokens read = SpecialTokens.read(export);
                assertEquals(List.of(eos, eos), List.of(read.prefix().orElseThrow().id(), read.eos().id()));
                assertEquals(List.of(eos), ends(read));
            }
        }
    }
}
