package ai.spattention.train.data;

import ai.spattention.olmoe.io.AtomicFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Small prepared folders for tests, and a reader of shards that knows nothing of the code under test. */
public final class PreparedFolders {

    private PreparedFolders() {}

    /** Writes documents of ids below the EOS id, which is the vocabulary's last, into the training split. */
    static PreparedData write(Path folder, int vocabSize, long tokensPerShard, int[]... documents) throws IOException {
        TokenWidth width = TokenWidth.of(vocabSize);
        List<Manifest.Shard> shards;
        try (ShardWriter writer = new ShardWriter(folder, folder.resolve("work"), Split.TRAIN, width, vocabSize - 1, tokensPerShard,
                ShardWriter.Progress.NONE)) {
            for (int[] document : documents) {
                writer.add(new Origin("id", "file", 1), document);
            }
            shards = writer.shards();
        }
        Manifest manifest = new Manifest(Manifest.VERSION,
                new Manifest.TokenizerInfo("test", "digest", vocabSize, vocabSize - 1), width,
                new TreeMap<>(Map.of("train", shards, "validation", List.of())), Map.of());
        AtomicFile.write(folder.resolve(Manifest.FILE), manifest.toJson());
        return PreparedData.open(folder);
    }

    /** One training document 0, 1, 2, ... of so many tokens, EOS included. */
    public static PreparedData counting(Path folder, int tokens, long tokensPerShard) throws IOException {
        int[] ids = new int[tokens - 1];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = i;
        }
        return write(folder, tokens, tokensPerShard, ids);
    }

    /** The ids of a file of little-endian unsigned integers. */
    static long[] ids(Path file, int bytes) throws IOException {
        ByteBuffer content = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        long[] ids = new long[content.remaining() / bytes];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = bytes == 2 ? Short.toUnsignedLong(content.getShort()) : Integer.toUnsignedLong(content.getInt());
        }
        return ids;
    }
}
