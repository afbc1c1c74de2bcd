package ai.spattention.train.data;

import ai.spattention.InvalidInputException;
import ai.spattention.olmoe.io.Sha256;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** Checks that prepared data is, byte by byte, what was written. */
public final class ShardDigests {

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
                String digest = Sha256.of(List.of(file));
                if (!digest.equals(shard.sha256())) {
                    throw new InvalidInputException(file + " is not what was written: its digest is " + digest
                            + ", the manifest says " + shard.sha256() + ": prepare the data again");
                }
            }
        }
    }
}
