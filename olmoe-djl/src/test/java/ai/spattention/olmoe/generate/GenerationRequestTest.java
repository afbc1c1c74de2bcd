package ai.spattention.olmoe.generate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import ai.spattention.common.InvalidInputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is asked for counts before what the folder says, and that before a default. */
class GenerationRequestTest {

    private static final GenerationRequest NOTHING = new GenerationRequest(null, null, null, null, 5);
    private static final int ANY = GenerationOptions.ANY_LENGTH;

    @TempDir
    private Path folder;

    private void write(String content) throws IOException {
        Files.writeString(folder.resolve("generation_config.json"), content.replace('\'', '"'));
    }

    private static GenerationOptions options(double temperature, int topK, double topP, int maxNewTokens, int maxLength) {
        return new GenerationOptions(new Sampling(temperature, topK, topP, 5), maxNewTokens, maxLength, Set.of());
    }

    @Test
    void withoutAFileTheDefaultsCount() {
        assertEquals(options(0, 0, 1, 128, ANY), NOTHING.in(folder, 0));
        assertEquals(options(0.8, 0, 1, 128, ANY), NOTHING.in(folder, 0.8));
        assertEquals(options(0.5, 7, 0.9, 3, ANY), new GenerationRequest(0.5, 7, 0.9, 3, 5).in(folder, 0));
    }

    @Test
    void theFileDecidesWhatNobodyAsksFor() throws IOException {
        write("{'do_sample': true, 'temperature': 0.6, 'top_k': 40, 'top_p': 0.9, 'max_new_tokens': 64}");
        for (double otherwise : new double[] {0, 0.8}) {
            assertEquals(options(0.6, 40, 0.9, 64, ANY), NOTHING.in(folder, otherwise));
            assertEquals(options(0, 40, 0.9, 64, ANY), new GenerationRequest(0.0, null, null, null, 5).in(folder, otherwise));
            assertEquals(options(0.6, 0, 1, 9, ANY), new GenerationRequest(null, 0, 1.0, 9, 5).in(folder, otherwise));
        }
    }

    @Test
    void drawingHasTheDefaultsOfTransformers() throws IOException {
        write("{'do_sample': true}");
        assertEquals(options(1, 50, 1, 128, ANY), NOTHING.in(folder, 0));
        assertEquals(options(1, 50, 1, 128, ANY), NOTHING.in(folder, 0.8));
    }

    @Test
    void theLikeliestIsTakenWhereTheFileSaysSo() throws IOException {
        write("{'do_sample': false, 'temperature': 0.6, 'top_k': 40}");
        assertEquals(0, NOTHING.in(folder, 0.8).sampling().temperature());
        assertEquals(options(0.7, 40, 1, 128, ANY), new GenerationRequest(0.7, null, null, null, 5).in(folder, 0));
    }

    @Test
    void aTemperatureAloneDoesNotMakeTheLibraryDraw() throws IOException {
        write("{'temperature': 0.6}");
        assertEquals(0, NOTHING.in(folder, 0).sampling().temperature());
        assertEquals(0.6, NOTHING.in(folder, 0.8).sampling().temperature());
    }

    @Test
    void aLengthCountsWhereNoNumberOfNewTokensIsThere() throws IOException {
        write("{'max_length': 20}");
        assertEquals(options(0, 0, 1, 20, 20), NOTHING.in(folder, 0));
        assertEquals(options(0, 0, 1, 30, ANY), new GenerationRequest(null, null, null, 30, 5).in(folder, 0));
        write("{'max_length': 20, 'max_new_tokens': 25}");
        assertEquals(options(0, 0, 1, 25, ANY), NOTHING.in(folder, 0));
    }

    @Test
    void theFoldersEndTokensCount() throws IOException {
        write("{'eos_token_id': [3, 8]}");
        assertEquals(Set.of(3L, 8L), NOTHING.in(folder, 0).endTokens());
    }

    @Test
    void whatIsAskedForIsChecked() {
        assertEquals("top-p must lie in (0, 1], where 1 keeps every token (got 2.0)", assertThrows(InvalidInputException.class,
                () -> new GenerationRequest(null, null, 2.0, null, 0).in(folder, 0)).getMessage());
        assertEquals("the number of new tokens must be at least 1 (got 0)", assertThrows(InvalidInputException.class,
                () -> new GenerationRequest(null, null, null, 0, 0).in(folder, 0)).getMessage());
    }
}
