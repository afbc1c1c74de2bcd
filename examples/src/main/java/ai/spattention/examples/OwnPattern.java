package ai.spattention.examples;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import ai.spattention.olmoe.checkpoint.HuggingFaceFolder;
import ai.spattention.olmoe.config.OlmoeConfig;
import ai.spattention.olmoe.model.OlmoeModel;
import ai.spattention.pattern.AttentionPattern;
import ai.spattention.pattern.HeadMask;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * A language model with a pattern of one's own, written as a Hugging Face folder and read back: {@code config.json} names the
 * pattern, and {@code META-INF/services/ai.spattention.pattern.AttentionPattern} tells which class that is.
 */
public final class OwnPattern {

    private OwnPattern() {}

    /**
     * Draws the pattern, saves a model that has it, loads it and compares.
     *
     * @param arguments settings as {@code name=value}
     * @throws IOException if the folder cannot be written
     */
    public static void main(String[] arguments) throws IOException {
        Options options = Options.of(arguments, "device=cpu", "length=32", "heads=4", "folder=");
        AttentionPattern pattern = new DilatedPattern();
        int length = options.number("length");
        int heads = options.number("heads");
        for (int head = 0; head < heads; head++) {
            System.out.printf("head %d, what the last query sees: %s%n", head, draw(pattern.headMask(head, heads, length), length));
        }
        System.out.printf("%d of the %d pairs of dense attention%n", pattern.allowedPairs(heads, length, length),
                heads * (length * (length + 1L) / 2));

        Path folder = options.text("folder").isEmpty() ? Files.createTempDirectory("own-pattern") : Path.of(options.text("folder"));
        OlmoeConfig loaded = saveAndLoad(options.device(), pattern, length, heads, folder);
        System.out.println(folder + " was read back with the pattern " + loaded.patterns() + " of "
                + loaded.patterns().of(0).getClass().getName() + " and gives the same logits");
    }

    private static String draw(HeadMask mask, int length) {
        StringBuilder row = new StringBuilder();
        for (int key = 0; key < length; key++) {
            row.append(mask.sees(length - 1, key) ? '#' : '.');
        }
        return row.toString();
    }

    static OlmoeConfig saveAndLoad(Device device, AttentionPattern pattern, int length, int heads, Path folder) throws IOException {
        OlmoeConfig config = OlmoeConfig.builder()
                .setVocabSize(256).setHiddenSize(16 * heads).setIntermediateSize(32).setNumHiddenLayers(2)
                .setNumAttentionHeads(heads).setNumExperts(4).setNumExpertsPerTok(2).setMaxPositionEmbeddings(length)
                .optPattern(pattern)
                .build();
        try (NDManager manager = NDManager.newBaseManager(device, "PyTorch")) {
            OlmoeModel model = OlmoeModel.builder().setConfig(config).optSeed(1).build();
            model.initialize(manager, DataType.FLOAT32, new Shape(1, length));
            HuggingFaceFolder.save(model, folder);

            OlmoeModel loaded = HuggingFaceFolder.load(folder, manager);
            NDArray ids = manager.arange(0, length, 1, DataType.INT64).reshape(1, length);
            if (!Arrays.equals(logits(model, ids), logits(loaded, ids))) {
                throw new IllegalStateException("the model in " + folder + " gives other logits than the one that was saved");
            }
            return loaded.getConfig();
        }
    }

    private static float[] logits(OlmoeModel model, NDArray ids) {
        return model.forward(new ParameterStore(ids.getManager(), false), ids, false).logits().toFloatArray();
    }
}
