package ai.spattention.train.loop;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.checkpoint.ParameterValues;
import ai.spattention.olmoe.config.OlmoeConfig;
import ai.spattention.olmoe.model.OlmoeModel;
import ai.spattention.train.checkpoint.CheckpointStore;
import ai.spattention.train.checkpoint.SlicedTensors;
import ai.spattention.train.config.ConfigSource;
import ai.spattention.train.config.ModelFolder;
import ai.spattention.train.config.RunConfig;
import ai.spattention.train.config.RunConfigLoader;
import ai.spattention.train.data.PreparedData;
import ai.spattention.train.loop.setup.ModelSetup;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;

/**
 * The model of a run that has not ended: that of its newest whole checkpoint. The run's data must still be there, for with them lies
 * the tokenizer.
 *
 * @param model the model
 * @param data the data that the run learns from
 * @param step the step after which the checkpoint was written
 */
public record TrainedModel(OlmoeModel model, PreparedData data, long step) {

    /** The folder of a run's checkpoints, in the run's. */
    public static final String CHECKPOINTS = "checkpoints";

    private static final String CONFIG = "config.yaml";

    /**
     * Whether a folder is that of a run which has no model in Hugging Face's format yet.
     *
     * @param folder any folder
     * @return whether {@link #newest} is the way to its model
     */
    public static boolean isUnfinished(Path folder) {
        return !ModelFolder.isModel(ModelFolder.of(folder)) && Files.isRegularFile(folder.resolve(CONFIG));
    }

    /**
     * Loads the newest whole checkpoint of a run.
     *
     * @param run the run's folder
     * @param manager the manager that owns the parameters, on the device where they are to live
     * @param change changes the model's configuration
     * @param options sets how the model computes
     * @param skipped told, in a line each, of newer checkpoints that are damaged
     * @return the model
     * @throws InvalidInputException if there is no whole checkpoint, or the run's data is not there
     * @throws IOException if reading fails
     */
    public static TrainedModel newest(Path run, NDManager manager, UnaryOperator<OlmoeConfig> change,
            UnaryOperator<OlmoeModel.Builder> options, Consumer<String> skipped) throws IOException {
        RunConfig config = RunConfigLoader.load(ConfigSource.file(run.resolve(CONFIG)), List.of());
        CheckpointStore.Checkpoint checkpoint = new CheckpointStore(run.resolve(CHECKPOINTS), config.checkpoint().keepLast()).newest(skipped)
                .orElseThrow(() -> new InvalidInputException("the run in " + run + " has neither a model nor a whole checkpoint yet:"
                        + " wait until it has written one, or go on with 'train --resume'"));
        PreparedData data = PreparedData.open(Path.of(config.data().path()));
        OlmoeModel model = options.apply(OlmoeModel.builder()
                .setConfig(change.apply(ModelSetup.config(config, data.manifest().tokenizer().eosId())))).build();
        model.initialize(manager, DataType.FLOAT32, new Shape(1, 1));
        try (SlicedTensors weights = SlicedTensors.open(checkpoint.model())) {
            CheckpointTensors.restore(model, ParameterValues.PLAIN, weights, manager);
        }
        return new TrainedModel(model, data, checkpoint.state().step());
    }
}
