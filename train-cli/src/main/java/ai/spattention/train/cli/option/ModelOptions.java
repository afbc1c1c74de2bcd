package ai.spattention.train.cli.option;

import ai.djl.ndarray.NDManager;
import ai.spattention.Precision;
import ai.spattention.attention.auto.Kernels;
import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.checkpoint.HuggingFaceFolder;
import ai.spattention.olmoe.config.ConfigJson;
import ai.spattention.olmoe.config.LayerPatterns;
import ai.spattention.olmoe.config.OlmoeConfig;
import ai.spattention.olmoe.model.OlmoeModel;
import ai.spattention.pattern.LayoutLength;
import ai.spattention.pattern.Patterns;
import ai.spattention.torch.DeviceSupport;
import ai.spattention.train.config.ModelFolder;
import ai.spattention.train.loop.TrainedModel;
import ai.spattention.train.terminal.QuietStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import picocli.CommandLine.Option;

/** The options of commands that load a model. */
public final class ModelOptions {

    @Option(names = "--model", required = true, paramLabel = "DIR", description = "A model folder in Hugging Face's format, or the folder of a run.")
    private Path folder;

    @Option(names = "--pattern", paramLabel = "NAME[,NAME...]", description = "The attention pattern, or several that repeat over the layers (default: the model's).")
    private String pattern;

    @Option(names = "--layout-length", paramLabel = "L|sequence",
            description = "The length from which bands are computed (default: the model's, else the sequence).")
    private String layoutLength;

    @Option(names = "--kernel", defaultValue = "auto", paramLabel = "NAME", completionCandidates = KernelNames.class,
            description = "Kernel: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
    private String kernel;

    @Option(names = "--precision", defaultValue = "float32", converter = PrecisionConverter.class, paramLabel = "float32|bfloat16",
            description = "Precision of matrix products and activations (default: ${DEFAULT-VALUE}).")
    private Precision precision;

    /**
     * The model's folder: of a run that has ended, that of its model.
     *
     * @return its path
     */
    public Path folder() {
        return ModelFolder.of(folder);
    }

    /**
     * How attention is computed.
     *
     * @return the kernel's name
     */
    public String kernel() {
        return kernel;
    }

    /**
     * The number format of matrix products and activations.
     *
     * @return the precision
     */
    public Precision precision() {
        return precision;
    }

    /**
     * Loads the model with the chosen attention.
     *
     * @param manager the manager that owns the parameters
     * @param change a further change of the configuration
     * @return the model
     * @throws InvalidInputException if the folder is no model or an option is wrong
     * @throws IOException if reading fails
     */
    public OlmoeModel load(NDManager manager, UnaryOperator<OlmoeConfig> change) throws IOException {
        requirePrecision(manager);
        requireFinished();
        return HuggingFaceFolder.load(folder(), manager, config -> change.apply(attention(config)), this::computing);
    }

    /**
     * The model's configuration with the chosen attention; its weights are not read.
     *
     * @return the configuration
     * @throws InvalidInputException if the folder is no model or an option is wrong
     * @throws IOException if reading fails
     */
    public OlmoeConfig config() throws IOException {
        requireFinished();
        return attention(ConfigJson.read(folder().resolve("config.json"), Patterns.onClassPath()));
    }

    private void requireFinished() {
        if (TrainedModel.isUnfinished(folder)) {
            throw new InvalidInputException("the run in " + folder + " has no model yet: let it end, or go on with 'train --resume'"
                    + " (generate takes the newest checkpoint)");
        }
    }

    /**
     * Loads the newest checkpoint of a run that has no model yet, with the chosen attention.
     *
     * @param manager the manager that owns the parameters
     * @param notes told of damaged checkpoints
     * @return the model
     * @throws InvalidInputException if there is none, or an option is wrong
     * @throws IOException if reading fails
     */
    public TrainedModel loadCheckpoint(NDManager manager, Consumer<String> notes) throws IOException {
        requirePrecision(manager);
        return TrainedModel.newest(folder, manager, this::attention, this::computing, skipped -> notes.accept(QuietStream.WARNING + skipped));
    }

    private void requirePrecision(NDManager manager) {
        if (precision == Precision.BFLOAT16) {
            DeviceSupport.requireBfloat16(manager.getDevice());
        }
    }

    private OlmoeConfig attention(OlmoeConfig config) {
        LayerPatterns chosen = pattern == null ? config.patterns() : LayerPatterns.parse(pattern, Patterns.onClassPath());
        LayoutLength layout = layoutLength == null ? config.layoutLength() : LayoutLength.parse(layoutLength);
        return config.withAttention(chosen, layout);
    }

    private OlmoeModel.Builder computing(OlmoeModel.Builder model) {
        return model.optKernel(Kernels.of(kernel)).optPrecision(precision);
    }
}
