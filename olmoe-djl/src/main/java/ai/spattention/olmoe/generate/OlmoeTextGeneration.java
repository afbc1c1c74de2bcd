package ai.spattention.olmoe.generate;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.repository.zoo.Criteria;
import ai.djl.translate.Translator;
import ai.djl.translate.TranslatorContext;
import ai.spattention.common.InvalidInputException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/**
 * Text from a model, in DJL's manner: the input is a prompt, the output what the model goes on with.
 *
 * <pre>{@code
 * Criteria<String, String> criteria = OlmoeTextGeneration.criteria(Path.of("runs/quickstart/model"))
 *         .optArgument("maxNewTokens", 40)
 *         .optArgument("temperature", 0.8)
 *         .build();
 * try (ZooModel<String, String> model = criteria.loadModel(); Predictor<String, String> predictor = model.newPredictor()) {
 *     System.out.println(predictor.predict("    public static "));
 * }
 * }</pre>
 *
 * <p>{@code batchPredict} continues all its prompts together, as {@link TextGenerator#generate(List)} does. To get the text as it
 * grows, see {@link OlmoeTextStreaming}. A translator may be used by several threads at once, each with a predictor of its own.
 */
public final class OlmoeTextGeneration implements Translator<String, String> {

    private final Prompts prompts;

    /**
     * Creates the translator for a model whose block is an {@link OlmoeGenerationBlock}.
     *
     * @param prompts the model's tokenizer and special tokens
     */
    public OlmoeTextGeneration(Prompts prompts) {
        this.prompts = prompts;
    }

    /**
     * Starts criteria that say all but where the model is: {@code optModelPath} takes a folder in Hugging Face's format, {@code
     * optModelUrls} its {@code file:} address, or that of an archive of its files ({@code .zip}, {@code .tar.gz}, or {@code
     * jar:///NAME.zip} on the class path), which DJL unpacks into its cache. {@code optDevice} chooses the device.
     * Where only an address can be given, {@link OlmoeRepositoryFactory} has one that needs no class of ours.
     *
     * <p>Set are {@code optEngine}, {@code optTranslatorFactory} with {@link OlmoeTranslatorFactory}, the argument {@code
     * blockFactory} with {@link OlmoeBlockFactory} and the option {@code hasParameter} false, for DJL is not to look for
     * parameters in its own format.
     *
     * <p>Arguments, all optional, by {@code optArgument}; others are refused:
     *
     * <ul>
     *   <li>{@code maxNewTokens}, {@code temperature}, {@code topK}, {@code topP}: as in {@link GenerationRequest}, which tells how
     *       the folder's {@code generation_config.json} decides where they are not given; where that is silent too, 128 new tokens,
     *       each the likeliest. {@code topK} and {@code topP} count where the temperature is above 0
     *   <li>{@code seed} (0): the same prompt and seed give the same text each time
     *   <li>{@code kernel} ({@code auto}); {@code precision} ({@code float32}, or {@code bfloat16})
     * </ul>
     *
     * <p>A text ends at any of the end tokens that {@code generation_config.json} names, else {@code config.json}, else the
     * tokenizer's.
     *
     * @return the criteria's builder
     */
    public static Criteria.Builder<String, String> criteria() {
        return Criteria.builder().setTypes(String.class, String.class)
                .optEngine("PyTorch")
                .optTranslatorFactory(new OlmoeTranslatorFactory())
                .optArgument("blockFactory", new OlmoeBlockFactory())
                .optOption("hasParameter", "false");
    }

    /**
     * Starts the {@link #criteria()} that load a folder in Hugging Face's format.
     *
     * @param folder {@code config.json}, safetensors and {@code tokenizer.json}
     * @return the criteria's builder
     * @throws InvalidInputException if there is no such folder
     */
    public static Criteria.Builder<String, String> criteria(Path folder) {
        if (!Files.isDirectory(folder)) {
            throw new InvalidInputException(folder + " is no folder: name one in Hugging Face's format, with config.json,"
                    + " safetensors and tokenizer.json");
        }
        return criteria().optModelPath(folder);
    }

    @Override
    public NDList processInput(TranslatorContext ctx, String input) {
        return new NDList(ctx.getNDManager().create(prompts.encode(input)));
    }

    @Override
    public String processOutput(TranslatorContext ctx, NDList list) {
        return text(list.singletonOrThrow());
    }

    @Override
    public NDList batchProcessInput(TranslatorContext ctx, List<String> inputs) {
        NDList all = new NDList();
        inputs.forEach(input -> all.addAll(processInput(ctx, input)));
        return all;
    }

    @Override
    public List<String> batchProcessOutput(TranslatorContext ctx, NDList list) {
        return list.stream().map(this::text).toList();
    }

    private String text(NDArray tokens) {
        return prompts.tokenizer().decode(Arrays.stream(tokens.toLongArray()).mapToInt(Math::toIntExact).toArray());
    }
}
