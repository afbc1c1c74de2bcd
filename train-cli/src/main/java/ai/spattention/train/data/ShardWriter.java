package ai.spattention.train.data;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;

/** Writes the documents of one split, one after the other, into shards. A document may cross from one shard to the next. */
final class ShardWriter implements Closeable {

    private static final int BUFFER = 1 << 20;

    private final Path folder;
    private final Split split;
    private final TokenWidth width;
    private final int eosId;
    private final long tokensPerShard;
    private final List<Manifest.Shard> shards = new ArrayList<>();
    private final ByteBuffer buffer = ByteBuffer.allocate(BUFFER).order(ByteOrder.LITTLE_ENDIAN);
    private final MessageDigest digest;

    private FileChannel channel;
    private String file;
    private long tokens;
    private long documents;

    ShardWriter(Path folder, Split split, TokenWidth width, int eosId, long tokensPerShard) throws IOException {
        this.folder = folder;
        this.split = split;
        this.width = width;
        this.eosId = eosId;
        this.tokensPerShard = tokensPerShard;
        Files.createDirectories(folder.resolve(split.folder()));
        try {
            digest = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java machine has SHA-256", e);
        }
    }

    void add(int[] ids) throws IOException {
        for (int id : ids) {
            put(id);
        }
        put(eosId);
        documents++;
    }

    private void put(int id) throws IOException {
        if (tokens == tokensPerShard) {
            finish();
        }
        if (channel == null) {
            file = split.folder() + "/" + String.format(Locale.ROOT, "part-%05d.npy", shards.size());
            channel = FileChannel.open(folder.resolve(file), StandardOpenOption.CREATE,
                    StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE);
        }
        if (buffer.remaining() < width.bytes()) {
            flush();
        }
        width.put(buffer, id);
        tokens++;
    }

    private void flush() throws IOException {
        buffer.flip();
        digest.update(buffer.duplicate());
        while (buffer.hasRemaining()) {
            channel.write(buffer);
        }
        buffer.clear();
    }

    private void finish() throws IOException {
        if (channel == null) {
            return;
        }
        flush();
        channel.force(true);
        channel.close();
        channel = null;
        shards.add(new Manifest.Shard(file, tokens, documents, HexFormat.of().formatHex(digest.digest())));
        tokens = 0;
        documents = 0;
    }

    /** Completes the last shard. */
    List<Manifest.Shard> shards() throws IOException {
        finish();
        return List.copyOf(shards);
    }

    @Override
    public void close() throws IOException {
        if (channel != null) {
            channel.close();
        }
    }
}
