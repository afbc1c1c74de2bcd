package ai.spattention.train.cli;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.training.GradientCollector;
import ai.djl.training.ParameterStore;
import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.checkpoint.HuggingFaceNames;
import ai.spattention.olmoe.checkpoint.TensorSlot;
import ai.spattention.olmoe.config.OlmoeConfig;
import ai.spattention.olmoe.loss.LanguageModelLoss;
import ai.spattention.olmoe.loss.LossParts;
import ai.spattention.olmoe.loss.OlmoeLoss;
import ai.spattention.olmoe.model.OlmoeModel;
import ai.spattention.olmoe.model.OlmoeOutput;
import ai.spattention.olmoe.safetensors.SafetensorsFile;
import ai.spattention.olmoe.safetensors.SafetensorsWriter;
import ai.spattention.olmoe.safetensors.TensorType;
import ai.spattention.train.cli.option.DeviceOption;
import ai.spattention.train.cli.option.ModelOptions;
import ai.spattention.train.cli.option.Outputs;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Runs a model once and writes what it gave, for comparison with other implementations. */
@Command(name = "forward", mixinStandardHelpOptions = true, description = {
    "Run a model over token ids and write its logits, and its gradients if asked for.",
    "Prints one JSON line with loss_lm, loss_aux and loss_total."})
final class ForwardCommand implements Callable<Integer> {

    private static final String INPUT = "input_ids";

    @Mixin
    private ModelOptions model;

    @Mixin
    private DeviceOption device;

    @Option(names = "--input", required = true, paramLabel = "FILE", description = "A safetensors file with input_ids [B, N], int64.")
    private Path input;

    @Option(names = "--output", required = true, paramLabel = "FILE", description = "Where logits and gradients go (safetensors).")
    private Path output;

    @Option(names = "--gradients", description = "Also write grad.NAME of loss_total for every parameter.")
    private boolean gradients;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        new Outputs().reads("--input", input).readsModel("--model", model.folder()).writes("--output", output);
        Device where = device.device();
        try (NDManager manager = NDManager.newBaseManager(where, "PyTorch")) {
            NDArray ids = readIds(manager);
            OlmoeModel block = model.load(manager, OlmoeConfig::withoutDropout);
            block.requireTokenIds(ids.toLongArray());
            SafetensorsWriter writer = new SafetensorsWriter();
            LossParts losses;
            if (gradients) {
                if (ids.getShape().get(1) < 2) {
                    throw new InvalidInputException(input + ": --gradients needs sequences of at least 2 tokens (got "
                            + ids.getShape() + "), for the loss predicts the token after another");
                }
                try (GradientCollector collector = Engine.getEngine("PyTorch").newGradientCollector()) {
                    losses = run(manager, block, ids, true, writer);
                    collector.backward(losses.total());
                }
                for (TensorSlot slot : HuggingFaceNames.of(block)) {
                    writer.add("grad." + slot.name(), TensorType.F32, slot.shape(),
                            () -> slot.of(slot.parameter().getArray().getGradient()));
                }
            } else {
                losses = run(manager, block, ids, false, writer);
            }
            writer.write(output);
            Outputs.console(spec, output).println(json(losses));
        }
        return 0;
    }

    private static LossParts run(NDManager manager, OlmoeModel block, NDArray ids, boolean training, SafetensorsWriter writer) {
        OlmoeOutput result = block.forward(new ParameterStore(manager, false), ids, training);
        writer.add("logits", TensorType.F32, result.logits().getShape(), () -> result.logits().stopGradient());
        OlmoeConfig config = block.getConfig();
        return new OlmoeLoss(config.routerAuxLossCoef(), config.routerZLossCoef())
                .compute(LanguageModelLoss.nextTokens(ids), result.logits(), result.routers());
    }

    private NDArray readIds(NDManager manager) throws IOException {
        try (SafetensorsFile file = SafetensorsFile.open(input)) {
            NDArray ids = file.read(manager, INPUT);
            if (ids.getShape().dimension() != 2 || ids.getShape().size() == 0) {
                throw new InvalidInputException(input + ": input_ids must be [B, N] with at least one token (got shape "
                        + ids.getShape() + ")");
            }
            if (ids.getDataType() != DataType.INT64 && ids.getDataType() != DataType.INT32) {
                throw new InvalidInputException(input + ": input_ids must be int64 (got " + ids.getDataType() + ")");
            }
            return ids.toType(DataType.INT64, false);
        }
    }

    private static ObjectNode json(LossParts losses) {
        ObjectNode line = new ObjectMapper().createObjectNode();
        put(line, "loss_lm", losses.languageModel());
        put(line, "loss_aux", losses.loadBalancing());
        put(line, "loss_total", losses.total());
        return line;
    }

    /** A single token has no next one, and so no loss. */
    private static void put(ObjectNode line, String key, NDArray value) {
        float number = value.getFloat();
        if (Float.isFinite(number)) {
            line.put(key, number);
        } else {
            line.putNull(key);
        }
    }
}
