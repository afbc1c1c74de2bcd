package ai.spattention.olmoe.generate;

import ai.djl.Model;
import ai.djl.nn.Block;
import ai.djl.nn.BlockFactory;
import ai.spattention.Precision;
import ai.spattention.attention.auto.Kernels;
import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.checkpoint.HuggingFaceFolder;
import ai.spattention.olmoe.config.Hints;
import ai.spattention.olmoe.model.OlmoeModel;
import ai.spattention.torch.DeviceSupport;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;

/**
 * Makes an {@link OlmoeGenerationBlock} of a folder in Hugging Face's format, weights included, for DJL's {@code Criteria}.
 * {@link OlmoeTextGeneration#criteria} puts it in place and lists the arguments.
 */
public final class OlmoeBlockFactory implements BlockFactory {

    private static final long serialVersionUID = 1L;

    private static final List<String> ARGUMENTS =
            List.of("kernel", "maxNewTokens", "precision", "seed", "temperature", "topK", "topP");

    /** What DJL itself puts among the arguments, or reads there. */
    private static final Set<String> DJL_ARGUMENTS = Set.of("application", "artifact_id", "blockFactory", "engine", "ignore_real_uri",
            "metric_dimension", "model_name", "translatorFactory");

    @Override
    public Block newBlock(Model model, Path modelPath, Map<String, ?> arguments) throws IOException {
        requireKnown(arguments);
        String kernel = argument(arguments, "kernel", "a name", Object::toString);
        Precision precision = argument(arguments, "precision", "a name", OlmoeBlockFactory::precision);
        GenerationOptions options = request(arguments).in(modelPath, Sampling.GREEDY.temperature());
        DeviceSupport.requirePresent(model.getNDManager().getDevice());
        if (precision == Precision.BFLOAT16) {
            DeviceSupport.requireBfloat16(model.getNDManager().getDevice());
        }
        OlmoeModel olmoe = HuggingFaceFolder.load(modelPath, model.getNDManager(), UnaryOperator.identity(),
                builder -> builder.optKernel(Kernels.of(kernel == null ? "auto" : kernel))
                        .optPrecision(precision == null ? Precision.FLOAT32 : precision));
        return new OlmoeGenerationBlock(olmoe, options);
    }

    private static void requireKnown(Map<String, ?> arguments) {
        for (String name : arguments.keySet()) {
            if (!ARGUMENTS.contains(name) && !DJL_ARGUMENTS.contains(name)) {
                throw new InvalidInputException("unknown argument '" + name + "': "
                        + Hints.nearest(name, ARGUMENTS).map(near -> "did you mean " + near + "? ").orElse("")
                        + "choose of " + String.join(", ", ARGUMENTS));
            }
        }
    }

    private static GenerationRequest request(Map<String, ?> arguments) {
        Long seed = argument(arguments, "seed", "a whole number", value -> number(value).longValueExact());
        return new GenerationRequest(
                argument(arguments, "temperature", "a number", value -> number(value).doubleValue()),
                argument(arguments, "topK", "a whole number", value -> number(value).intValueExact()),
                argument(arguments, "topP", "a number", value -> number(value).doubleValue()),
                argument(arguments, "maxNewTokens", "a whole number", value -> number(value).intValueExact()),
                seed == null ? 0 : seed);
    }

    /** An argument, or null if it is not given. */
    private static <T> T argument(Map<String, ?> arguments, String name, String kind, Function<Object, T> read) {
        Object value = arguments.get(name);
        try {
            return value == null ? null : read.apply(value);
        } catch (ArithmeticException | NumberFormatException e) {
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
