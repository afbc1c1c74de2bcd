package ai.spattention.train.cli.session;

import ai.djl.ndarray.NDManager;
import ai.spattention.olmoe.generate.GenerationOptions;
import ai.spattention.olmoe.generate.GenerationRequest;
import ai.spattention.olmoe.model.OlmoeModel;
import ai.spattention.olmoe.tokenizer.SpecialToken;
import ai.spattention.olmoe.tokenizer.SpecialTokens;
import ai.spattention.olmoe.tokenizer.Tokenizer;
import ai.spattention.olmoe.tokenizer.Tokenizers;
import ai.spattention.train.cli.option.ModelOptions;
import ai.spattention.train.loop.TrainedModel;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;

/**
 * What generation needs: of a model's folder, or of a run's newest checkpoint.
 *
 * @param model the model
 * @param tokenizer its tokenizer
 * @param special its special tokens
 * @param options how it goes on
 */
public record Generation(OlmoeModel model, Tokenizer tokenizer, SpecialTokens special, GenerationOptions options) implements AutoCloseable {

    /**
     * Loads all of it.
     *
     * @param chosen the model's options
     * @param request how it goes on; what that leaves open, the model's folder says
     * @param defaultTemperature the temperature where nobody says one
     * @param manager the manager that owns the parameters
     * @param notes told which checkpoint was taken, and of damaged ones
     * @return what generation needs, to be closed
     * @throws ai.spattention.common.InvalidInputException if there is no model, or an option or a file is wrong
     * @throws IOException if reading fails
     */
    public static Generation open(ModelOptions chosen, GenerationRequest request, double defaultTemperature, NDManager manager,
            Consumer<String> notes) throws IOException {
        if (TrainedModel.isUnfinished(chosen.folder())) {
            return ofCheckpoint(chosen, request, defaultTemperature, manager, notes);
        }
        Path folder = chosen.folder();
        GenerationOptions options = request.in(folder, defaultTemperature);
        OlmoeModel model = chosen.load(manager, UnaryOperator.identity());
        return new Generation(model, Tokenizers.load(folder, null), SpecialTokens.read(folder), options);
    }

    private static Generation ofCheckpoint(ModelOptions chosen, GenerationRequest request, double defaultTemperature, NDManager manager,
            Consumer<String> notes) throws IOException {
        TrainedModel trained = chosen.loadCheckpoint(manager, notes);
        notes.accept("the run has no model yet: going on with its checkpoint of step " + trained.step());
        GenerationOptions asked = request.in(trained.data().folder(), defaultTemperature);
        int end = trained.data().manifest().tokenizer().eosId();
        SpecialToken eos = new SpecialToken(end, null, "the data's manifest.json");
        return new Generation(trained.model(), trained.data().tokenizer(), new SpecialTokens(null, eos, null, List.of(eos)),
                new GenerationOptions(asked.sampling(), asked.maxNewTokens(), asked.maxLength(), Set.of((long) end)));
    }

    @Override
    public void close() {
        tokenizer.close();
    }
}
