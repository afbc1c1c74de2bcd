package ai.spattention.train.data;

import ai.spattention.olmoe.io.Resources;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** Writes encoded blocks into both splits and knows how far it has come. */
final class PreparationWriter implements Closeable {

    private final Path work;
    private final Map<String, String> arguments;
    private final Map<Split, ShardWriter> writers = new EnumMap<>(Split.class);

    private DocumentStream.Position position;
    private long emptyDocuments;
    private long textBytes;

    /** Goes on where a state says that a writer had come to. */
    PreparationWriter(Path folder, Path work, TokenWidth width, int eosId, long tokensPerShard, PreparationState from)
            throws IOException {
        this.work = work;
        arguments = from.arguments();
        position = from.position();
        emptyDocuments = from.emptyDocuments();
        textBytes = from.textBytes();
        try {
            writers.put(Split.TRAIN, new ShardWriter(folder, work, Split.TRAIN, width, eosId, tokensPerShard, from.train()));
            writers.put(Split.VALIDATION,
                    new ShardWriter(folder, work, Split.VALIDATION, width, eosId, tokensPerShard, from.validation()));
        } catch (IOException | RuntimeException e) {
            close();
            throw e;
        }
    }

    /** Writes a block, once it is encoded. */
    void add(BlockEncoder.Encoding encoding) throws IOException {
        textBytes += encoding.await();
        DocumentBlock block = encoding.block();
        for (DocumentBlock.Run run : block.runs()) {
            writers.get(run.split()).add(run.origin(), encoding.ids(run), run.first(), run.last());
        }
        emptyDocuments += block.emptyDocuments();
        position = block.after();
    }

    /** Makes all that has been written safe. */
    void save() throws IOException {
        new PreparationState(arguments, position, writers.get(Split.TRAIN).sync(), writers.get(Split.VALIDATION).sync(),
                emptyDocuments, textBytes).write(work);
        for (ShardWriter writer : writers.values()) {
            writer.deleteSpent();
        }
    }

    /** Completes the last shard of a split. */
    List<Manifest.Shard> shards(Split split) throws IOException {
        return writers.get(split).shards();
    }

    /** Documents left out because they hold nothing. */
    long emptyDocuments() {
        return emptyDocuments;
    }

    /** Bytes of the texts in UTF-8. */
    long textBytes() {
        return textBytes;
    }

    @Override
    public void close() throws IOException {
        Resources.closeAll(writers.values());
    }
}
