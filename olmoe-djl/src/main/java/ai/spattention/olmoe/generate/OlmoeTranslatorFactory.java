package ai.spattention.olmoe.generate;

import ai.djl.Model;
import ai.djl.ndarray.NDList;
import ai.djl.translate.Translator;
import ai.djl.translate.TranslatorFactory;
import ai.djl.util.Pair;
import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.tokenizer.SpecialTokens;
import ai.spattention.olmoe.tokenizer.Tokenizer;
import ai.spattention.olmoe.tokenizer.Tokenizers;
import java.lang.reflect.Type;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.UUID;

/**
 * Makes the translators between text and an {@link OlmoeGenerationBlock}: {@link OlmoeTextGeneration} from String to String,
 * {@link OlmoeTextStreaming} from String to {@link GeneratedText}. The tokenizer is that of the model's folder, and is closed
 * with the model.
 */
public final class OlmoeTranslatorFactory implements TranslatorFactory {

    private static final Pair<Type, Type> WHOLE = new Pair<>(String.class, String.class);
    private static final Pair<Type, Type> STREAMED = new Pair<>(String.class, GeneratedText.class);

    @Override
    public Set<Pair<Type, Type>> getSupportedTypes() {
        return Set.of(WHOLE, STREAMED);
    }

    /**
     * Whether there is a translator. DJL goes on with one of its own where there is none here, which serves arrays ({@code NDList}:
     * prompts' token ids to new ones); other types are refused at once, before weights are read.
     *
     * @throws InvalidInputException if the types are neither these nor arrays
     */
    @Override
    public boolean isSupported(Class<?> input, Class<?> output) {
        boolean text = getSupportedTypes().contains(new Pair<Type, Type>(input, output));
        if (!text && !(input == NDList.class && output == NDList.class)) {
            throw new InvalidInputException("text is generated from String to String, or to GeneratedText as it grows (got "
                    + input.getName() + " to " + output.getName() + "): give one of these to setTypes");
        }
        return text;
    }

    @Override
    @SuppressWarnings("unchecked")
    public <I, O> Translator<I, O> newInstance(Class<I> input, Class<O> output, Model model, Map<String, ?> arguments) {
        Path folder = model.getModelPath();
        Tokenizer tokenizer = Tokenizers.load(folder, null);
        model.getNDManager().attachInternal(UUID.randomUUID().toString(), tokenizer);
        Prompts prompts = new Prompts(tokenizer, SpecialTokens.read(folder));
        return (Translator<I, O>) (output == String.class ? new OlmoeTextGeneration(prompts) : new OlmoeTextStreaming(prompts));
    }
}
