package ai.spattention.train.data;

import ai.spattention.olmoe.io.AtomicFile;
import java.io.Closeable;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.zip.GZIPOutputStream;

/**
 * The table of a shard's documents, as dolma writes it: without a head, one row a document with its first token, the token
 * after its last, its id, file and line. It grows unpacked, so that it can be cut back to an earlier length.
 */
final class DocumentMetadata implements Closeable {

    private static final int BUFFER = 1 << 16;

    private final Path file;
    private final FileChannel channel;
    private final StringBuilder rows = new StringBuilder();
    private long bytes;

    /** Opens a table and cuts it to a length. */
    DocumentMetadata(Path file, long bytes) throws IOException {
        this.file = file;
        this.bytes = bytes;
        channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        try {
            channel.truncate(bytes).position(bytes);
        } catch (Throwable e) {
            channel.close();
            throw e;
        }
    }

    void add(long start, long end, Origin origin) throws IOException {
        rows.append(start).append(',').append(end).append(',').append(quoted(origin.id())).append(',')
                .append(quoted(origin.source())).append(',').append(origin.line()).append("\r\n");
        if (rows.length() > BUFFER) {
            flush();
        }
    }

    private static String quoted(String value) {
        boolean plain = value.indexOf(',') < 0 && value.indexOf('"') < 0 && value.indexOf('\n') < 0 && value.indexOf('\r') < 0;
        return plain ? value : "\"" + value.replace("\"", "\"\"") + "\"";
    }

    private void flush() throws IOException {
        ByteBuffer encoded = StandardCharsets.UTF_8.encode(rows.toString());
        bytes += encoded.remaining();
        while (encoded.hasRemaining()) {
            channel.write(encoded);
        }
        rows.setLength(0);
    }

    /** Forces all rows to disk and gives the table's length in bytes. */
    long sync() throws IOException {
        flush();
        channel.force(true);
        return bytes;
    }

    Path file() {
        return file;
    }

    /** Writes the whole table, packed. */
    void packTo(Path packed) throws IOException {
        flush();
        AtomicFile.write(packed, target -> {
            OutputStream stays = new FilterOutputStream(Channels.newOutputStream(target)) {
                @Override
                public void write(byte[] content, int offset, int length) throws IOException {
                    out.write(content, offset, length);
                }

                @Override
                public void close() throws IOException {
                    flush(); // the channel is still to be forced to disk
                }
            };
            try (InputStream in = Files.newInputStream(file); OutputStream out = new GZIPOutputStream(stays, BUFFER)) {
                in.transferTo(out);
            }
        });
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
