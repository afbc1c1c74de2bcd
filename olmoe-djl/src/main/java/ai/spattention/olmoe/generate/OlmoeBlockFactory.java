package ai.spattention.olmoe.generate;

import ai.djl.Model;
import ai.djl.nn.Block;
import ai.djl.nn.BlockFactory;
import ai.spattention.InvalidInputException;
import ai.spattention.Precision;
import ai.spattention.kernel.Kernels;
import ai.spattention.olmoe.checkpoint.HuggingFaceFolder;
import ai.spattention.olmoe.model.OlmoeModel;
import ai.spattention.olmoe.tokenizer.SpecialToken;
import ai.spattention.olmoe.tokenizer.SpecialTokens;
import ai.spattention.torch.DeviceSupport;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;

/**
 * Makes an {@link OlmoeGenerationBlock} of a folder in Hugging Face's format, weights included, for DJL's {@code Criteria}.
 * {@link OlmoeTextGeneration#criteria} puts it in place and lists the arguments.
 */
public final class OlmoeBlockFactory implements BlockFactory {

    private static final long serialVersionUID = 1L;

    @Override
    public Block newBlock(Model model, Path modelPath, Map<String, ?> arguments) throws IOException {
        String kernel = argument(arguments, "kernel", Object::toString, "auto");
        Precision precision = argument(arguments, "precision", OlmoeBlockFactory::precision, Precision.FLOAT32);
        GenerationOptions options = options(arguments, SpecialTokens.read(modelPath));
        if (precision == Precision.BFLOAT16) {
            DeviceSupport.requireBfloat16(model.getNDManager().getDevice());
        }
        OlmoeModel olmoe = HuggingFaceFolder.load(modelPath, model.getNDManager(), UnaryOperator.identity(),
                builder -> builder.optKernel(Kernels.of(kernel)).optPrecision(precision));
        return new OlmoeGenerationBlock(olmoe, options);
    }

    private static GenerationOptions options(Map<String, ?> arguments, SpecialTokens special) {
        Sampling sampling = new Sampling(argument(arguments, "temperature", value -> number(value).doubleValue(), 0.0),
                argument(arguments, "topK", value -> number(value).intValueExact(), 0),
                argument(arguments, "topP", value -> number(value).doubleValue(), 1.0),
                argument(arguments, "seed", value -> number(value).longValueExact(), 0L));
        int maxNewTokens = argument(arguments, "maxNewTokens", value -> number(value).intValueExact(),
                GenerationOptions.DEFAULT_MAX_NEW_TOKENS);
        return new GenerationOptions(sampling, maxNewTokens,
                special.ends().stream().map(SpecialToken::id).map(Integer::longValue).collect(Collectors.toSet()));
    }

    private static <T> T argument(Map<String, ?> arguments, String name, Function<Object, T> read, T otherwise) {
        Object value = arguments.get(name);
        try {
            return value == null ? otherwise : read.apply(value);
        } catch (ArithmeticException | NumberFormatException e) {
            String kind = otherwise instanceof Double ? "a number" : "a whole number";
            throw new InvalidInputException("the argument " + name + " must be " + kind + " (got '" + value + "')", e);
        }
    }

    private static BigDecimal number(Object value) {
        return new BigDecimal(value.toString());
    }

    private static Precision precision(Object value) {
        return Arrays.stream(Precision.values()).filter(precision -> precision.key().equals(value.toString())).findFirst()
                .orElseThrow(() -> new InvalidInputException("the argument precision must be one of "
                        + Arrays.stream(Precision.values()).map(Precision::key).collect(Collectors.joining(", "))
                        + " (got '" + value + "')"));
    }
}
