package ai.spattention.olmoe.generate;

import ai.djl.inference.streaming.StreamingTranslator;
import ai.djl.ndarray.NDList;
import ai.djl.translate.Batchifier;
import ai.djl.translate.TranslatorContext;
import java.util.stream.Stream;

/**
 * Text from a model as it grows, in DJL's manner: the input is a prompt, the output gives pieces of what the model goes on with,
 * in whole characters, each as soon as it is there.
 *
 * <pre>{@code
 * Criteria<String, GeneratedText> criteria = OlmoeTextGeneration.criteria(Path.of("runs/quickstart/model"))
 *         .setTypes(String.class, GeneratedText.class)
 *         .build();
 * try (ZooModel<String, GeneratedText> model = criteria.loadModel();
 *         Predictor<String, GeneratedText> predictor = model.newPredictor();
 *         GeneratedText text = predictor.streamingPredict("    public static ").getIterativeOutput()) {
 *     text.forEachRemaining(System.out::print);
 * }
 * }</pre>
 *
 * <p>{@code predict} gives the same text when all of it is there. The output is iterative only.
 */
public final class OlmoeTextStreaming implements StreamingTranslator<String, GeneratedText> {

    private final Prompts prompts;

    /**
     * Creates the translator for a model whose block is an {@link OlmoeGenerationBlock}.
     *
     * @param prompts the model's tokenizer and special tokens
     */
    public OlmoeTextStreaming(Prompts prompts) {
        this.prompts = prompts;
    }

    @Override
    public Batchifier getBatchifier() {
        return null; // one prompt at a time
    }

    @Override
    public Support getSupport() {
        return Support.ITERATIVE;
    }

    @Override
    public NDList processInput(TranslatorContext ctx, String input) {
        return new NDList(ctx.getNDManager().create(prompts.encode(input)));
    }

    @Override
    public GeneratedText processOutput(TranslatorContext ctx, NDList list) {
        NDList kept = new NDList(list.singletonOrThrow().duplicate());
        kept.detach(); // the context is closed before the text is read, which frees it
        return new GeneratedText(Stream.of(kept), prompts.tokenizer());
    }

    @Override
    public StreamOutput<GeneratedText> processStreamOutput(TranslatorContext ctx, Stream<NDList> list) {
        return new StreamOutput<>() {
            @Override
            public GeneratedText getIterativeOutputInternal() {
                return new GeneratedText(list, prompts.tokenizer());
            }

            @Override
            protected GeneratedText buildAsyncOutput() {
                throw new UnsupportedOperationException("the text is given piece by piece: call getIterativeOutput");
            }

            @Override
            protected void computeAsyncOutputInternal(GeneratedText output) {
                throw new UnsupportedOperationException("the text is given piece by piece: call getIterativeOutput");
            }
        };
    }
}
