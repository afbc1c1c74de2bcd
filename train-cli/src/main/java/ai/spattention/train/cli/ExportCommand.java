package ai.spattention.train.cli;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import ai.spattention.olmoe.checkpoint.HuggingFaceFolder;
import ai.spattention.olmoe.config.ConfigJson;
import ai.spattention.olmoe.config.ModelType;
import ai.spattention.olmoe.config.OlmoeConfig;
import ai.spattention.olmoe.io.AtomicFolder;
import ai.spattention.olmoe.model.OlmoeModel;
import ai.spattention.olmoe.safetensors.TensorType;
import ai.spattention.pattern.StandardPattern;
import ai.spattention.train.cli.option.Outputs;
import ai.spattention.train.config.ModelFolder;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.function.UnaryOperator;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Writes a model for Hugging Face transformers. */
@Command(name = "export", mixinStandardHelpOptions = true, description = {
    "Write a model anew in Hugging Face's format, with all that transformers needs, its tokenizer included.",
    "Models with dense attention load there as they are; all others with trust_remote_code=True, by code that is written beside them."})
final class ExportCommand implements Callable<Integer> {

    @Option(names = "--model", required = true, paramLabel = "DIR", description = "A model folder in Hugging Face's format, or the folder of a run that has ended.")
    private Path model;

    @Option(names = "--output", required = true, paramLabel = "DIR", description = "The new folder, absent or empty.")
    private Path output;

    @Option(names = "--dtype", defaultValue = "float32", paramLabel = "float32|float16|bfloat16",
            description = "The type of the weights (default: ${DEFAULT-VALUE}).")
    private Dtype dtype;

    @Option(names = "--as-dense", description = "Write a model that computes dense causal attention, whatever it was trained with: another"
            + " model, which predicts worse.")
    private boolean asDense;

    @Spec
    private CommandSpec spec;

    /** As Hugging Face's files call the types of weights. */
    private enum Dtype {
        FLOAT32(TensorType.F32), FLOAT16(TensorType.F16), BFLOAT16(TensorType.BF16);

        private final TensorType type;

        Dtype(TensorType type) {
            this.type = type;
        }
    }

    @Override
    public Integer call() throws IOException {
        Path folder = ModelFolder.of(model);
        new Outputs().readsModel("--model", folder).writesFolder("--output", output);
        HuggingFaceFolder.requireEmpty(output);
        AtomicFolder.requireWritable(output);
        OlmoeConfig trained = ConfigJson.read(folder.resolve("config.json"));
        boolean isDense = ModelType.of(trained) == ModelType.OLMOE;
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            OlmoeModel loaded = HuggingFaceFolder.load(folder, manager, asDense ? ExportCommand::dense : UnaryOperator.identity(),
                    options -> options);
            if (asDense && !isDense) {
                spec.commandLine().getErr().println("warning: " + folder + " was trained with the attention pattern " + trained.patterns()
                        + "; with dense attention, as it is written now, it is another model and predicts worse");
            }
            HuggingFaceFolder.save(loaded, output, dtype.type, folder);
        }
        spec.commandLine().getOut().println("in transformers: AutoModelForCausalLM.from_pretrained(\"" + output + "\""
                + (isDense || asDense ? ")" : ", trust_remote_code=True)"));
        return 0;
    }

    private static OlmoeConfig dense(OlmoeConfig config) {
        return config.withAttention(StandardPattern.CAUSAL, config.layoutLength());
    }
}
