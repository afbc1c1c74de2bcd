package ai.spattention.olmoe.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import ai.spattention.common.InvalidInputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GenerationConfigTest {

    private static final GenerationConfig OPEN = new GenerationConfig(null, null, null, null, null, null);

    @TempDir
    private Path folder;

    private GenerationConfig read(String content) throws IOException {
        Files.writeString(folder.resolve("generation_config.json"), content);
        return GenerationConfig.read(folder);
    }

    @Test
    void readsWhatTheFileSays() throws IOException {
        assertEquals(OPEN, GenerationConfig.read(folder), "there is no file");
        assertEquals(new GenerationConfig(true, 0.6, 40, 0.9, 64, 200), read("{\"do_sample\": true, \"temperature\": 0.6,"
                + " \"top_k\": 40, \"top_p\": 0.9, \"max_new_tokens\": 64, \"max_length\": 200}"));
        assertEquals(new GenerationConfig(false, 1.0, 0, 1.0, null, null),
                read("{\"do_sample\": false, \"temperature\": 1, \"top_k\": 0, \"top_p\": 1}"));
    }

    /** What a file of transformers holds besides, all at values that change nothing. */
    @Test
    void whatChangesNothingIsSkipped() throws IOException {
        assertEquals(OPEN, read("{\"_from_model_config\": true, \"eos_token_id\": [0, 2], \"pad_token_id\": 1, \"use_cache\": true,"
                + " \"transformers_version\": \"5.17.0\", \"output_attentions\": false, \"num_beams\": 1, \"repetition_penalty\": 1.0,"
                + " \"min_p\": null, \"typical_p\": 1.0, \"bad_words_ids\": [], \"suppress_tokens\": null, \"length_penalty\": 2.0,"
                + " \"temperature\": null, \"max_length\": null, \"min_length\": 0, \"token_healing\": false}"));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "'num_beams': 4 | 'num_beams' = 4, which would change the text and is not supported here: remove it, or set it to 1",
        "'repetition_penalty': 1.1 | 'repetition_penalty' = 1.1, which would change the text and is not supported here: remove it, or set it to 1",
        "'min_p': 0.05 | 'min_p' = 0.05, which would change the text and is not supported here: remove it, or set it to 0",
        "'no_repeat_ngram_size': 3 | 'no_repeat_ngram_size' = 3, which would change the text and is not supported here: remove it, or set it to 0",
        "'suppress_tokens': [1, 2] | 'suppress_tokens' = [1,2], which would change the text and is not supported here: remove it",
        "'stop_strings': 'x' | 'stop_strings' = 'x', which would change the text and is not supported here: remove it",
        "'token_healing': true | 'token_healing' = true, which would change the text and is not supported here: remove it, or set it to false",
        "'num_beams': 'all' | 'num_beams' = 'all', which would change the text and is not supported here: remove it, or set it to 1",
        "'do_sample': 1 | 'do_sample' = 1: it must be true or false",
        "'temperature': -1 | 'temperature' = -1: it must be a number of at least 0",
        "'temperature': 1e999 | 'temperature' = 'Infinity': it must be a number of at least 0",
        "'temperature': 'hot' | 'temperature' = 'hot': it must be a number of at least 0",
        "'top_k': -1 | 'top_k' = -1: it must be a whole number of at least 0",
        "'top_k': 2.5 | 'top_k' = 2.5: it must be a whole number of at least 0",
        "'top_p': 0 | 'top_p' = 0: it must be a number above 0 and at most 1",
        "'top_p': 1.5 | 'top_p' = 1.5: it must be a number above 0 and at most 1",
        "'max_new_tokens': 0 | 'max_new_tokens' = 0: it must be a whole number of at least 1",
        "'max_length': 3000000000 | 'max_length' = 3000000000: it must be a whole number of at least 1"}, quoteCharacter = '`')
    void whatCannotBeFollowedIsRefused(String entry, String message) {
        assertEquals(folder.resolve("generation_config.json") + " has " + message.replaceAll("= '(.*?)'", "= \"$1\""),
                assertThrows(InvalidInputException.class, () -> read("{" + entry.replace('\'', '"') + "}")).getMessage());
    }

    @Test
    void aDamagedFileIsRefused() {
        assertEquals(folder.resolve("generation_config.json") + " must hold one JSON object",
                assertThrows(InvalidInputException.class, () -> read("[]")).getMessage());
    }
}
