package ai.spattention.train.data;

import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.io.AtomicFolder;
import ai.spattention.olmoe.io.OwnFiles;
import ai.spattention.olmoe.io.Resources;
import ai.spattention.olmoe.io.Sha256;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Writes the documents of one split, one after the other, into shards with their metadata. A document goes to the next shard
 * as a whole if it does not fit any more; only one that is longer than a shard, or that comes in several calls, crosses.
 *
 * <p>{@link #sync} makes what has been written safe and says how far it goes; a writer that is opened from that goes on there.
 */
final class ShardWriter implements Closeable {

    private static final int BUFFER = 1 << 20;
    private static final Pattern OWN = Pattern.compile("((train|validation(-" + Split.NAME + ")?)-)?part-[0-9]{5,}\\.(npy|csv|csv\\.gz)");

    /**
     * How far a split has been written.
     *
     * @param shards the finished shards
     * @param tokens the tokens in the shard after them
     * @param documents the documents that end in it
     * @param metadataBytes the length of its table
     * @param documentStart its token at which the document that has not ended begins; without meaning if there is none
     */
    record Progress(List<Manifest.Shard> shards, long tokens, long documents, long metadataBytes, long documentStart) {

        static final Progress NONE = new Progress(List.of(), 0, 0, 0, 0);

        long totalTokens() {
            return tokens + shards.stream().mapToLong(Manifest.Shard::tokens).sum();
        }
    }

    private final Path folder;
    private final Path work;
    private final Split split;
    private final TokenWidth width;
    private final int eosId;
    private final long tokensPerShard;
    private final List<Manifest.Shard> shards;
    private final List<Path> spent = new ArrayList<>();
    private final ByteBuffer buffer = ByteBuffer.allocate(BUFFER).order(ByteOrder.LITTLE_ENDIAN);
    private final MessageDigest digest = Sha256.digest();

    private FileChannel channel;
    private DocumentMetadata metadata;
    private long tokens;
    private long documents;
    private long documentStart;

    /** Whether a file's name is one that this class gives. */
    static boolean isOwn(String name) {
        return OWN.matcher(name).matches();
    }

    /**
     * Opens a writer.
     *
     * @param folder the prepared folder
     * @param work a folder for what is not needed at the end
     * @param from how far the split has been written before; other shards in its folder are deleted
     * @throws InvalidInputException if the files of that progress are not there any more, or the split's folder is a symbolic link
     */
    ShardWriter(Path folder, Path work, Split split, TokenWidth width, int eosId, long tokensPerShard, Progress from)
            throws IOException {
        this.folder = folder;
        this.work = work;
        this.split = split;
        this.width = width;
        this.eosId = eosId;
        this.tokensPerShard = tokensPerShard;
        shards = new ArrayList<>(from.shards());
        documents = from.documents();
        documentStart = from.documentStart();
        AtomicFolder.requireWritable(folder.resolve(split.folder()));
        Files.createDirectories(work);
        for (Manifest.Shard shard : shards) {
            requireBytes(folder.resolve(shard.file()), shard.tokens() * width.bytes(), true);
        }
        deleteOthers(from.tokens() > 0);
        Files.createDirectories(folder.resolve(split.folder()));
        if (from.tokens() > 0) {
            try {
                reopen(from);
            } catch (IOException | RuntimeException e) {
                close();
                throw e;
            }
        }
    }

    private String shardName(String extension) {
        return split.folder() + "/" + String.format(Locale.ROOT, "part-%05d", shards.size()) + extension;
    }

    private Path shardFile() {
        return folder.resolve(shardName(".npy"));
    }

    private Path metadataFile() {
        return work.resolve(shardName(".csv").replace('/', '-'));
    }

    private void deleteOthers(boolean keepOpen) throws IOException {
        Set<String> known = new HashSet<>();
        for (Manifest.Shard shard : shards) {
            known.add(shard.file());
            known.add(shard.file().replace(".npy", ".csv.gz"));
        }
        if (keepOpen) {
            known.add(shardName(".npy"));
        }
        OwnFiles.delete(folder.resolve(split.folder()), name -> isOwn(name) && !known.contains(split.folder() + "/" + name));
    }

    private void reopen(Progress from) throws IOException {
        long bytes = from.tokens() * width.bytes();
        requireBytes(shardFile(), bytes, false);
        requireBytes(metadataFile(), from.metadataBytes(), false);
        try (InputStream in = Files.newInputStream(shardFile())) {
            byte[] piece = new byte[BUFFER];
            for (long left = bytes; left > 0;) {
                int got = in.read(piece, 0, (int) Math.min(left, piece.length));
                digest.update(piece, 0, got);
                left -= got;
            }
        }
        openShard(bytes, from.metadataBytes());
        tokens = from.tokens();
    }

    private static void requireBytes(Path file, long bytes, boolean exactly) throws IOException {
        long size = Files.isRegularFile(file) ? Files.size(file) : -1;
        if (size < bytes || exactly && size != bytes) {
            throw new InvalidInputException("cannot go on: " + file + (size < 0 ? " is not there" : " has " + size + " bytes")
                    + ", but " + bytes + " had been written; delete the output folder and start again");
        }
    }

    private void openShard(long bytes, long metadataBytes) throws IOException {
        channel = FileChannel.open(shardFile(), StandardOpenOption.CREATE, StandardOpenOption.WRITE,
                LinkOption.NOFOLLOW_LINKS);
        channel.truncate(bytes).position(bytes);
        metadata = new DocumentMetadata(metadataFile(), metadataBytes);
    }

    /** Writes a whole document. */
    void add(Origin origin, int[] ids) throws IOException {
        add(origin, List.of(ids), true, true);
    }

    /**
     * Writes a document or a part of one.
     *
     * @param pieces the ids
     * @param first whether the document begins here
     * @param last whether it ends here
     */
    void add(Origin origin, List<int[]> pieces, boolean first, boolean last) throws IOException {
        if (first) {
            long length = last ? 1 + pieces.stream().mapToLong(ids -> ids.length).sum() : Long.MAX_VALUE;
            if (length <= tokensPerShard && tokens + length > tokensPerShard) {
                finish();
            }
            documentStart = tokens;
        }
        for (int[] ids : pieces) {
            for (int id : ids) {
                put(id, origin);
            }
        }
        if (last) {
            put(eosId, origin);
            metadata.add(documentStart, tokens, origin);
            documents++;
        }
    }

    private void put(int id, Origin origin) throws IOException {
        if (tokens == tokensPerShard) {
            if (documentStart < tokens) {
                metadata.add(documentStart, tokens, origin);
            }
            finish();
        }
        if (channel == null) {
            openShard(0, 0);
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
        metadata.packTo(folder.resolve(shardName(".csv.gz")));
        metadata.close();
        spent.add(metadata.file());
        shards.add(new Manifest.Shard(shardName(".npy"), tokens, documents, Sha256.hex(digest)));
        tokens = 0;
        documents = 0;
        documentStart = 0;
    }

    /**
     * Forces all that has been written to disk.
     *
     * @return how far it goes
     */
    Progress sync() throws IOException {
        long metadataBytes = 0;
        if (channel != null) {
            flush();
            channel.force(true);
            metadataBytes = metadata.sync();
        }
        return new Progress(List.copyOf(shards), tokens, documents, metadataBytes, documentStart);
    }

    /** Deletes what is not needed any more, once the progress that {@link #sync} gave is itself safe. */
    void deleteSpent() throws IOException {
        for (Path file : spent) {
            Files.deleteIfExists(file);
        }
        spent.clear();
    }

    /** Completes the last shard. */
    List<Manifest.Shard> shards() throws IOException {
        finish();
        return List.copyOf(shards);
    }

    @Override
    public void close() throws IOException {
        if (channel != null) {
            Resources.closeAll(metadata == null ? List.of(channel) : List.of(metadata, channel));
        }
    }
}
