package ai.spattention.train.data;

import ai.spattention.InvalidInputException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** Checks that prepared data is, byte by byte, what was written. */
public final class ShardDigests {

    private static final int BUFFER = 1 << 20;

    private ShardDigests() {}

    /**
     * Reads every shard and the tokenizer and compares their digests with the manifest's.
     *
     * @param data the data
     * @throws InvalidInputException if a digest differs
     * @throws IOException if reading fails
     */
    public static void verify(PreparedData data) throws IOException {
        data.tokenizer().close();
        for (Split split : Split.values()) {
            for (Manifest.Shard shard : data.manifest().shards(split)) {
                Path file = data.folder().resolve(shard.file());
                String digest = sha256(file);
                if (!digest.equals(shard.sha256())) {
                    throw new InvalidInputException(file + " is not what was written: its digest is " + digest
                            + ", the manifest says " + shard.sha256() + ": prepare the data again");
                }
            }
        }
    }

    private static String sha256(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file);
                DigestInputStream digest = new DigestInputStream(in, MessageDigest.getInstance("SHA-256"))) {
            byte[] buffer = new byte[BUFFER];
            while (digest.read(buffer) >= 0) {
                continue; // the stream digests what passes
            }
            return HexFormat.of().formatHex(digest.getMessageDigest().digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java machine has SHA-256", e);
        }
    }
}
