package ai.spattention.train.data;

import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.io.Sha256;
import ai.spattention.train.terminal.CountProgress;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;

/**
 * Checks that prepared data is, byte by byte, what was written, and that it fits its manifest. Everything is read once: what
 * relies on the data asks for it before it begins, for a size stays the same when a byte changes.
 */
public final class DataVerification implements AutoCloseable {

    private static final int BUFFER = 1 << 20;
    private static final long MEGABYTE = 1_000_000;

    private final PreparedData data;
    private final CountProgress progress;
    private long bytesRead;

    private DataVerification(PreparedData data) {
        this.data = data;
        long bytes = 0;
        for (Split split : data.manifest().all()) {
            bytes += data.manifest().tokens(split) * data.manifest().dtype().bytes();
        }
        progress = new CountProgress("checking the data, MB", 0, Math.max(1, bytes / MEGABYTE));
    }

    /**
     * Reads every shard and the tokenizer. Shows how far it has come where that takes long.
     *
     * @param data the data
     * @throws InvalidInputException if a digest differs from the manifest's, an id lies outside the vocabulary, a shard has
     *     fewer ends of documents than documents, or the tokenizer is another
     * @throws IOException if reading fails
     */
    public static void verify(PreparedData data) throws IOException {
        data.tokenizer().close();
        try (DataVerification verification = new DataVerification(data)) {
            for (Split split : data.manifest().all()) {
                for (Manifest.Shard shard : data.manifest().shards(split)) {
                    verification.read(shard);
                }
            }
        }
    }

    private void read(Manifest.Shard shard) throws IOException {
        Path file = data.folder().resolve(shard.file());
        Manifest.TokenizerInfo tokenizer = data.manifest().tokenizer();
        TokenWidth width = data.manifest().dtype();
        MessageDigest digest = Sha256.digest();
        byte[] buffer = new byte[BUFFER]; // whole ids: its size is a multiple of theirs
        long token = 0;
        long outside = -1;
        long ends = 0;
        try (InputStream in = Files.newInputStream(file)) {
            for (int count = in.readNBytes(buffer, 0, BUFFER); count > 0; count = in.readNBytes(buffer, 0, BUFFER)) {
                digest.update(buffer, 0, count);
                ByteBuffer bytes = ByteBuffer.wrap(buffer, 0, count).order(ByteOrder.LITTLE_ENDIAN);
                for (; bytes.remaining() >= width.bytes(); token++) {
                    long id = width.get(bytes);
                    if (id == tokenizer.eosId()) {
                        ends++;
                    } else if (id >= tokenizer.vocabSize() && outside < 0) {
                        outside = token;
                    }
                }
                bytesRead += count;
                progress.done(bytesRead / MEGABYTE);
            }
        }
        String hex = Sha256.hex(digest);
        if (!hex.equals(shard.sha256())) {
            throw new InvalidInputException(file + " is not what was written: its digest is " + hex
                    + ", the manifest says " + shard.sha256() + ": prepare the data again");
        }
        if (outside >= 0) {
            throw new InvalidInputException(file + " holds an id outside the vocabulary of " + tokenizer.vocabSize()
                    + " at token " + outside + ": prepare the data again");
        }
        if (ends < shard.documents()) {
            throw new InvalidInputException(file + " holds the end-of-document id " + tokenizer.eosId() + " " + ends
                    + " times, the manifest says that " + shard.documents() + " documents end in it: prepare the data again");
        }
    }

    @Override
    public void close() {
        progress.close();
    }
}
