package ai.spattention.examples;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.spattention.olmoe.checkpoint.HuggingFaceFolder;
import ai.spattention.olmoe.config.OlmoeConfig;
import ai.spattention.olmoe.model.OlmoeModel;
import ai.spattention.olmoe.tokenizer.ByteTokenizer;
import ai.spattention.pattern.LayoutLength;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A model folder for those who have none at hand: a small OLMoE of bytes that has learned nothing yet. */
final class TinyModel {

    private TinyModel() {}

    /**
     * The folder that a setting names, or a new one with a tiny model.
     *
     * @param named the setting, empty for a new folder
     * @return a model folder in Hugging Face's format
     * @throws IOException if the new folder cannot be written
     */
    static Path folderOr(String named) throws IOException {
        if (!named.isEmpty()) {
            return Path.of(named);
        }
        Path folder = Files.createTempDirectory("tiny-olmoe").resolve("model");
        OlmoeConfig config = OlmoeConfig.builder()
                .setVocabSize(257).setHiddenSize(64).setIntermediateSize(64).setNumHiddenLayers(2).setNumAttentionHeads(4)
                .setNumExperts(4).setNumExpertsPerTok(2).setMaxPositionEmbeddings(256).optLayoutLength(LayoutLength.of(64))
                .build();
        try (NDManager manager = NDManager.newBaseManager("PyTorch")) {
            OlmoeModel model = OlmoeModel.builder().setConfig(config).optSeed(1).build();
            model.initialize(manager, DataType.FLOAT32, new Shape(1, 1));
            HuggingFaceFolder.save(model, folder, new ByteTokenizer());
        }
        return folder;
    }
}
