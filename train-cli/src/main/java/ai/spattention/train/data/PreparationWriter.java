package ai.spattention.train.data;

import ai.spattention.olmoe.io.Resources;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Writes encoded blocks into all splits and knows how far it has come. */
final class PreparationWriter implements Closeable {

    private final Path work;
    private final Map<String, String> arguments;
    private final Map<Split, ShardWriter> writers = new TreeMap<>();
    private final Map<Split, Long> textBytes = new TreeMap<>();

    private int source;
    private DocumentStream.Position position;
    private long emptyDocuments;

    /** Goes on where a state says that a writer had come to. */
    PreparationWriter(Path folder, Path work, List<Split> splits, TokenWidth width, int eosId, long tokensPerShard,
            PreparationState from) throws IOException {
        this.work = work;
        arguments = from.arguments();
        source = from.source();
        position = from.position();
        emptyDocuments = from.emptyDocuments();
        try {
            for (Split split : splits) {
                writers.put(split, new ShardWriter(folder, work, split, width, eosId, tokensPerShard, from.progress(split)));
                textBytes.put(split, from.textBytes().getOrDefault(split.folder(), 0L));
            }
        } catch (IOException | RuntimeException e) {
            close();
            throw e;
        }
    }

    /** Begins to write what another source of documents gives. */
    void begin(int nextSource) {
        source = nextSource;
        position = DocumentStream.Position.START;
    }

    /** Writes a block, once it is encoded. */
    void add(BlockEncoder.Encoding encoding) throws IOException {
        encoding.await();
        DocumentBlock block = encoding.block();
        for (DocumentBlock.Run run : block.runs()) {
            writers.get(run.split()).add(run.origin(), encoding.ids(run), run.first(), run.last());
            textBytes.merge(run.split(), encoding.bytes(run), Long::sum);
        }
        emptyDocuments += block.emptyDocuments();
        position = block.after();
    }

    /** Makes all that has been written safe. */
    void save() throws IOException {
        Map<String, ShardWriter.Progress> written = new TreeMap<>();
        for (Map.Entry<Split, ShardWriter> writer : writers.entrySet()) {
            written.put(writer.getKey().folder(), writer.getValue().sync());
        }
        Map<String, Long> bytes = new TreeMap<>();
        textBytes.forEach((split, own) -> bytes.put(split.folder(), own));
        new PreparationState(arguments, source, position, written, bytes, emptyDocuments).write(work);
        for (ShardWriter writer : writers.values()) {
            writer.deleteSpent();
        }
    }

    /** Completes the last shard of every split. */
    Map<Split, List<Manifest.Shard>> shards() throws IOException {
        Map<Split, List<Manifest.Shard>> shards = new LinkedHashMap<>();
        for (Map.Entry<Split, ShardWriter> writer : writers.entrySet()) {
            shards.put(writer.getKey(), writer.getValue().shards());
        }
        return shards;
    }

    /** Documents left out because they hold nothing. */
    long emptyDocuments() {
        return emptyDocuments;
    }

    /** Bytes of the texts in UTF-8, by split. */
    Map<Split, Long> textBytes() {
        return textBytes;
    }

    /** Bytes of all texts in UTF-8. */
    long allTextBytes() {
        return textBytes.values().stream().mapToLong(Long::longValue).sum();
    }

    @Override
    public void close() throws IOException {
        Resources.closeAll(writers.values());
    }
}
