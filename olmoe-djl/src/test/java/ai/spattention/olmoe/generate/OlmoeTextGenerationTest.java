package ai.spattention.olmoe.generate;

import static ai.spattention.olmoe.generate.GeneratingModel.ids;
import static ai.spattention.olmoe.generate.GeneratingModel.text;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.inference.Predictor;
import ai.djl.inference.streaming.StreamingTranslator.StreamOutput;
import ai.djl.repository.zoo.ZooModel;
import ai.djl.translate.TranslateException;
import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.tokenizer.ByteTokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A model with random weights, which says the same bytes each time, loaded from its folder by DJL's Criteria. */
class OlmoeTextGenerationTest {

    @TempDir
    private static Path folder;

    private static final GeneratingModel MODEL = new GeneratingModel();

    @BeforeAll
    static void save() throws IOException {
        MODEL.write(folder);
    }

    @AfterAll
    static void close() {
        MODEL.close();
    }

    private static String predict(Path model, String prompt, Object... arguments) throws Exception {
        var criteria = OlmoeTextGeneration.criteria(model);
        for (int i = 0; i < arguments.length; i += 2) {
            criteria.optArgument((String) arguments[i], arguments[i + 1]);
        }
        try (ZooModel<String, String> loaded = criteria.build().loadModel();
                Predictor<String, String> predictor = loaded.newPredictor()) {
            return predictor.predict(prompt);
        }
    }

    @Test
    void saysWhatTheModelSays() throws Exception {
        assertEquals(text(MODEL.generator().build().generate(ids("public"))), predict(folder, "public"));
    }

    @Test
    void theArgumentsSayHow() throws Exception {
        long[] drawn = MODEL.generator().optMaxNewTokens(20).optSampling(new Sampling(2, 50, 0.9, 7)).build().generate(ids("ab"));
        assertEquals(text(drawn), predict(folder, "ab", "maxNewTokens", 20, "temperature", "2", "topK", 50,
                "topP", 0.9, "seed", 7));
        assertEquals(text(Arrays.copyOf(drawn, 4)), predict(folder, "ab", "maxNewTokens", "4", "temperature", 2, "topK", 50,
                "topP", 0.9, "seed", 7L, "kernel", "masked"));
    }

    @Test
    void theFolderSaysHowWhereNoArgumentDoes(@TempDir Path parent) throws Exception {
        Path model = parent.resolve("it");
        MODEL.write(model);
        Path config = model.resolve("generation_config.json");
        Files.writeString(config, "{\"do_sample\": true, \"temperature\": 2.0, \"top_p\": 0.9, \"max_new_tokens\": 9}");
        long[] drawn = MODEL.generator().optMaxNewTokens(9).optSampling(new Sampling(2, 50, 0.9, 3)).build().generate(ids("ab"));
        assertEquals(text(drawn), predict(model, "ab", "seed", 3));
        assertEquals(text(MODEL.generator().optMaxNewTokens(5).build().generate(ids("ab"))),
                predict(model, "ab", "temperature", 0, "maxNewTokens", 5));

        Files.writeString(config, "{\"max_length\": 10}");
        assertEquals(text(MODEL.generator().optMaxNewTokens(4).build().generate(ids("prompt"))), predict(model, "prompt"));
        assertEquals("the prompt has 10 tokens, and prompt and new tokens together may have 10 (max_length of"
                + " generation_config.json): ask for a number of new tokens",
                assertThrows(TranslateException.class, () -> predict(model, "ten tokens")).getCause().getMessage());
        assertEquals(text(MODEL.generator().optMaxNewTokens(4).build().generate(ids("ten tokens"))),
                predict(model, "ten tokens", "maxNewTokens", 4));

        Files.writeString(config, "{\"num_beams\": 4}");
        assertEquals(config + " has 'num_beams' = 4, which would change the text and is not supported here: remove it, or set it to 1",
                assertThrows(InvalidInputException.class, () -> predict(model, "a")).getMessage());
    }

    @Test
    void endsAtEachOfSeveralTokens(@TempDir Path model) throws Exception {
        long[] free = MODEL.generator().build().generate(ids("x"));
        int first = 0;
        while (free[first] != free[3]) {
            first++;
        }
        MODEL.write(model.resolve("it"));
        Files.writeString(model.resolve("it/generation_config.json"), "{\"eos_token_id\": [256, " + free[3] + "]}");
        assertEquals(text(Arrays.copyOf(free, first)), predict(model.resolve("it"), "x"));
        // nothing at all, where the first token already ends the text
        Files.writeString(model.resolve("it/generation_config.json"), "{\"eos_token_id\": [" + free[0] + "]}");
        assertEquals("", predict(model.resolve("it"), "x"));
    }

    @Test
    void anEmptyPromptBeginsAText() throws Exception {
        assertEquals(text(MODEL.generator().build().generate(ByteTokenizer.EOS)), predict(folder, ""));
    }

    @Test
    void aBatchSaysWhatEachPromptSays() throws Exception {
        List<String> prompts = List.of("public static", "x", "", "if (a");
        var criteria = OlmoeTextGeneration.criteria(folder).optArgument("maxNewTokens", 12).build();
        try (ZooModel<String, String> model = criteria.loadModel();
                Predictor<String, String> predictor = model.newPredictor()) {
            List<String> alone = new ArrayList<>();
            for (String prompt : prompts) {
                alone.add(predictor.predict(prompt));
            }
            assertEquals(alone, predictor.batchPredict(prompts));
            assertEquals(List.of(), predictor.batchPredict(List.of()));
        }
    }

    @Test
    void theTextComesAsItGrows() throws Exception {
        String whole = predict(folder, "stream");
        var criteria = OlmoeTextGeneration.criteria(folder).setTypes(String.class, GeneratedText.class).build();
        try (ZooModel<String, GeneratedText> model = criteria.loadModel();
                Predictor<String, GeneratedText> predictor = model.newPredictor()) {
            assertTrue(predictor.supportsStreaming());
            assertInstanceOf(OlmoeGenerationBlock.class, model.getBlock());
            List<String> pieces = new ArrayList<>();
            predictor.streamingPredict("stream").getIterativeOutput().forEachRemaining(pieces::add);
            assertEquals(whole, String.join("", pieces));
            assertTrue(pieces.size() > 3, pieces.toString());
            StringBuilder predicted = new StringBuilder(); // in one piece, and a second one where it ends within a character
            predictor.predict("stream").forEachRemaining(predicted::append);
            assertEquals(whole, predicted.toString());

            // left where it is
            StreamOutput<GeneratedText> output = predictor.streamingPredict("stream");
            try (GeneratedText text = output.getIterativeOutput()) {
                assertEquals(pieces.get(0), text.next());
                text.close();
                assertFalse(text.hasNext());
            }
        }
    }

    @Test
    void threadsShareAModel() throws Exception {
        List<String> prompts = List.of("a", "bc", "def", "ghij");
        var criteria = OlmoeTextGeneration.criteria(folder).optArgument("maxNewTokens", 12).build();
        try (ZooModel<String, String> model = criteria.loadModel();
                Predictor<String, String> one = model.newPredictor()) {
            List<String> said = prompts.parallelStream().map(prompt -> {
                try (Predictor<String, String> own = model.newPredictor()) {
                    return own.predict(prompt);
                } catch (TranslateException e) {
                    throw new IllegalStateException(e);
                }
            }).toList();
            assertEquals(one.batchPredict(prompts), said);
        }
    }

    @Test
    void saysWhatIsWrong() {
        assertEquals("the argument topK must be a whole number (got 'many')",
                assertThrows(InvalidInputException.class, () -> predict(folder, "a", "topK", "many")).getMessage());
        assertEquals("the argument maxNewTokens must be a whole number (got '2.5')",
                assertThrows(InvalidInputException.class, () -> predict(folder, "a", "maxNewTokens", 2.5)).getMessage());
        assertEquals("the number of new tokens must be at least 1 (got 0)",
                assertThrows(InvalidInputException.class, () -> predict(folder, "a", "maxNewTokens", 0)).getMessage());
        assertEquals("the argument precision must be one of float32, bfloat16 (got 'half')",
                assertThrows(InvalidInputException.class, () -> predict(folder, "a", "precision", "half")).getMessage());
        String names = "choose of kernel, maxNewTokens, precision, seed, temperature, topK, topP";
        assertEquals("unknown argument 'topk': did you mean topK? " + names,
                assertThrows(InvalidInputException.class, () -> predict(folder, "a", "topk", 5)).getMessage());
        assertEquals("unknown argument 'max_new_tokens': did you mean maxNewTokens? " + names,
                assertThrows(InvalidInputException.class, () -> predict(folder, "a", "max_new_tokens", 5)).getMessage());
        assertEquals("unknown argument 'beams': " + names,
                assertThrows(InvalidInputException.class, () -> predict(folder, "a", "beams", 5)).getMessage());
        Path absent = Path.of("absent");
        assertEquals("absent is no folder: name one in Hugging Face's format, with config.json, safetensors and tokenizer.json",
                assertThrows(InvalidInputException.class, () -> OlmoeTextGeneration.criteria(absent)).getMessage());
        TranslateException tooLong = assertThrows(TranslateException.class, () -> predict(folder, "a".repeat(64)));
        assertEquals("a prompt must have from 1 to 63 tokens, one less than the model's maximum length (got 64)",
                tooLong.getCause().getMessage());
    }
}
