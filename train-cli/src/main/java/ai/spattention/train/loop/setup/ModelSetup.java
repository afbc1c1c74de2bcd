package ai.spattention.train.loop.setup;

import ai.spattention.attention.auto.Kernels;
import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.checkpoint.HuggingFaceFolder;
import ai.spattention.olmoe.config.OlmoeConfig;
import ai.spattention.olmoe.model.OlmoeModel;
import ai.spattention.olmoe.tokenizer.Tokenizer;
import ai.spattention.olmoe.tokenizer.Tokenizers;
import ai.spattention.train.config.ActivationCheckpointing;
import ai.spattention.train.config.RunConfig;
import ai.spattention.train.config.StartingModel;
import ai.spattention.train.data.Manifest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The model that a run's configuration describes. */
public final class ModelSetup {

    private ModelSetup() {}

    /**
     * The model's configuration.
     *
     * @param run the run's configuration
     * @param eosId the id that ends a document, or null if it is not known yet
     * @return the configuration, as it will stand in config.json
     */
    public static OlmoeConfig config(RunConfig run, Integer eosId) {
        return run.model().toBuilder()
                .optRouterAuxLossCoef(run.training().loadBalancingLossWeight())
                .optRouterZLossCoef(run.training().routerZLossWeight())
                .optEosTokenIds(eosId == null ? List.of() : List.of(eosId))
                .build();
    }

    /**
     * Refuses data whose ids do not fit the model's vocabulary.
     *
     * @param run the run's configuration
     * @param data what the data is
     * @throws InvalidInputException if the data's tokenizer has more ids than the model
     */
    public static void requireVocabulary(RunConfig run, Manifest data) {
        if (data.tokenizer().vocabSize() > run.model().vocabSize()) {
            throw new InvalidInputException("the data was made by a tokenizer of " + data.tokenizer().vocabSize()
                    + " ids, more than model.vocab_size " + run.model().vocabSize() + ": set model.vocab_size to at least that");
        }
    }

    /**
     * Refuses a prompt that the model could not go on from.
     *
     * @param run the run's configuration
     * @param tokenizer the data's tokenizer
     * @throws InvalidInputException if text is to be sampled and its prompt has no token, or leaves no place for another
     */
    public static void requirePrompt(RunConfig run, Tokenizer tokenizer) {
        if (!run.sample().asksForText()) {
            return;
        }
        int tokens = tokenizer.encode(run.sample().prompt()).length;
        int longest = run.model().maxPositionEmbeddings() - 1;
        if (tokens < 1 || tokens > longest) {
            throw new InvalidInputException("sample.prompt must have from 1 to " + longest + " tokens, one less than"
                    + " model.max_position_embeddings (got " + tokens + " tokens): shorten it, or set sample.tokens=0 for no samples");
        }
    }

    /**
     * Refuses data that were made by another tokenizer than that of the model which a run begins with: its ids would mean other text.
     *
     * @param run the run's configuration
     * @param data what the data is
     * @throws InvalidInputException if so
     */
    public static void requireTokenizer(RunConfig run, Manifest data) {
        if (run.from().isEmpty()) {
            return;
        }
        Path folder = StartingModel.folder(run.from());
        if (!Files.exists(folder.resolve("tokenizer.json"))) {
            return; // the vocabulary's size is all that can be compared
        }
        try (Tokenizer own = Tokenizers.load(folder, data.tokenizer().eosId())) {
            if (!own.digest().equals(data.tokenizer().digest())) {
                throw new InvalidInputException("the data was made by another tokenizer than that of " + folder
                        + ", so that its ids mean other text there: prepare it with --tokenizer " + folder);
            }
        }
    }

    /**
     * A new model for some data, with new weights or those of the model that the run begins with.
     *
     * @param run the run's configuration
     * @param data what the data is
     * @param choice which way its passes go
     * @return the model, not initialised
     * @throws InvalidInputException if the data's ids do not fit the model's vocabulary or its tokenizer, or there are no such weights
     * @throws IOException if weights cannot be read
     */
    public static OlmoeModel model(RunConfig run, Manifest data, PassChoice choice) throws IOException {
        requireVocabulary(run, data);
        requireTokenizer(run, data);
        OlmoeModel model = model(run, data.tokenizer().eosId(), choice);
        if (!run.from().isEmpty()) {
            HuggingFaceFolder.beginFrom(StartingModel.folder(run.from()), model);
        }
        return model;
    }

    /**
     * A new model.
     *
     * @param run the run's configuration
     * @param eosId the id that ends a document, or null if it is not known
     * @param choice which way its passes go
     * @return the model, not initialised
     */
    public static OlmoeModel model(RunConfig run, Integer eosId, PassChoice choice) {
        return OlmoeModel.builder().setConfig(config(run, eosId))
                .optKernel(Kernels.of(run.kernel())).optPrecision(run.precision())
                .optActivationCheckpointing(choice.checkpointing().mode() == ActivationCheckpointing.FULL).optSeed(run.seed()).build();
    }
}
