package ai.spattention.olmoe.generate;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.spattention.olmoe.TestConfigs;
import ai.spattention.olmoe.checkpoint.HuggingFaceFolder;
import ai.spattention.olmoe.model.OlmoeModel;
import ai.spattention.olmoe.safetensors.TensorType;
import ai.spattention.olmoe.tokenizer.ByteTokenizer;
import ai.spattention.pattern.LayoutLength;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/** A model of bytes with random weights, at most 64 tokens, which says the same each time. */
final class GeneratingModel implements AutoCloseable {

    private final NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
    private final OlmoeModel block;

    GeneratingModel() {
        block = OlmoeModel.builder().setConfig(TestConfigs.small().setVocabSize(257).optLayoutLength(LayoutLength.of(64)).build())
                .optSeed(2).build();
        block.initialize(manager, DataType.FLOAT32, new Shape(1, 1));
    }

    /** Writes it in Hugging Face's format, with its tokenizer. */
    void write(Path folder) throws IOException {
        HuggingFaceFolder.save(block, folder, TensorType.F32, HuggingFaceFolder.DEFAULT_SHARD_BYTES);
        Files.writeString(folder.resolve("tokenizer.json"), new ByteTokenizer().toJson());
    }

    /** What its folder ends texts by, and nothing else. */
    TextGenerator.Builder generator() {
        return TextGenerator.builder().setModel(block, manager).optEndTokens(ByteTokenizer.EOS);
    }

    static long[] ids(String text) {
        return Arrays.stream(new ByteTokenizer().encode(text)).asLongStream().toArray();
    }

    static String text(long... ids) {
        return new ByteTokenizer().decode(Arrays.stream(ids).mapToInt(Math::toIntExact).toArray());
    }

    @Override
    public void close() {
        manager.close();
    }
}
