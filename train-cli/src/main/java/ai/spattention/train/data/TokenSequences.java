package ai.spattention.train.data;

import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.io.Resources;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/**
 * A split as sequences of N tokens, each with the token after it: the shards form one stream, sequence i begins at token i · N,
 * and only the last tokens, too few for a sequence, are left out.
 *
 * <p>Shards are read by position: a memory map of a file that another process cuts would kill the Java machine.
 */
public final class TokenSequences implements Closeable {

    private final Path folder;
    private final Manifest manifest;
    private final List<Manifest.Shard> shards;
    private final long[] firstToken;
    private final List<FileChannel> channels = new ArrayList<>();
    private final Resources resources = new Resources();
    private final int length;

    private TokenSequences(PreparedData data, Split split, int length) {
        folder = data.folder();
        manifest = data.manifest();
        shards = manifest.shards(split);
        this.length = length;
        firstToken = new long[shards.size() + 1];
        for (int i = 0; i < shards.size(); i++) {
            firstToken[i + 1] = firstToken[i] + shards.get(i).tokens();
        }
    }

    static TokenSequences open(PreparedData data, Split split, int length) throws IOException {
        TokenSequences sequences = new TokenSequences(data, split, length);
        if (length < 1) {
            throw new InvalidInputException("the sequence length must be at least 1 (got " + length + ")");
        }
        if (sequences.count() < 1) {
            throw new InvalidInputException(data.folder() + " holds " + data.manifest().tokens(split) + " tokens in its "
                    + split.folder() + " split, less than one sequence of " + length + " and the token after it");
        }
        try {
            for (Manifest.Shard shard : sequences.shards) {
                sequences.channels.add(sequences.resources.add(
                        FileChannel.open(data.folder().resolve(shard.file()), StandardOpenOption.READ)));
            }
        } catch (Throwable e) {
            sequences.resources.closeAfter(e);
            throw e;
        }
        return sequences;
    }

    /**
     * The number of sequences.
     *
     * @return at least 1
     */
    public long count() {
        return Math.max(0, (firstToken[firstToken.length - 1] - 1) / length);
    }

    /**
     * The length of a sequence.
     *
     * @return N
     */
    public int length() {
        return length;
    }

    /**
     * Reads a sequence and the token after it.
     *
     * @param index its index, in [0, count)
     * @return N + 1 ids
     * @throws InvalidInputException if a shard has shrunk or holds an id outside the vocabulary
     * @throws IOException if reading fails
     */
    public long[] read(long index) throws IOException {
        return readTokens(Math.multiplyExact(index, (long) length), length + 1);
    }

    /**
     * Reads tokens of the stream.
     *
     * @param first the first one's place, from 0 on
     * @param count how many, within the split
     * @return their ids
     * @throws InvalidInputException as {@link #read}
     * @throws IOException if reading fails
     */
    public long[] readTokens(long first, int count) throws IOException {
        long[] ids = new long[count];
        long position = first;
        int done = 0;
        int shard = shardOf(position);
        while (done < ids.length) {
            int here = (int) Math.min(ids.length - done, firstToken[shard + 1] - position);
            read(shard, position - firstToken[shard], ids, done, here);
            done += here;
            position += here;
            shard++;
        }
        return ids;
    }

    private int shardOf(long position) {
        int shard = 0;
        while (firstToken[shard + 1] <= position) {
            shard++;
        }
        return shard;
    }

    private void read(int shard, long from, long[] into, int at, int count) throws IOException {
        TokenWidth width = manifest.dtype();
        Path file = folder.resolve(shards.get(shard).file());
        ByteBuffer bytes = ByteBuffer.allocate(count * width.bytes()).order(ByteOrder.LITTLE_ENDIAN);
        long offset = from * width.bytes();
        while (bytes.hasRemaining()) {
            int got = channels.get(shard).read(bytes, offset + bytes.position());
            if (got < 0) {
                throw new InvalidInputException(file + " ended at byte " + (offset + bytes.position())
                        + " while it was read: it has changed since the run began");
            }
        }
        bytes.flip();
        for (int i = 0; i < count; i++) {
            long id = width.get(bytes);
            if (id >= manifest.tokenizer().vocabSize()) {
                throw new InvalidInputException(file + " holds id " + id + " at token " + (from + i)
                        + ", outside the vocabulary of " + manifest.tokenizer().vocabSize());
            }
            into[at + i] = id;
        }
    }

    @Override
    public void close() throws IOException {
        resources.close();
    }
}
