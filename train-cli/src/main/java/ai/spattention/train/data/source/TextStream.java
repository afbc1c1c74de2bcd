package ai.spattention.train.data.source;

import com.github.luben.zstd.ZstdInputStream;
import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.zip.GZIPInputStream;

/** A file's bytes, unpacked if its name says that they are packed. */
final class TextStream extends FilterInputStream {

    private static final int BUFFER = 1 << 16;

    private final CountingStream file;

    private TextStream(InputStream content, CountingStream file) {
        super(content);
        this.file = file;
    }

    static TextStream open(Path path) throws IOException {
        CountingStream file = new CountingStream(Files.newInputStream(path));
        try {
            return new TextStream(unpack(path.getFileName().toString().toLowerCase(Locale.ROOT), file), file);
        } catch (IOException e) {
            file.close();
            throw e;
        }
    }

    private static InputStream unpack(String name, CountingStream file) throws IOException {
        if (name.endsWith(".gz")) {
            return new GZIPInputStream(file, BUFFER);
        }
        if (!name.endsWith(".zst")) {
            return file;
        }
        BufferedInputStream packed = new BufferedInputStream(file, BUFFER);
        packed.mark(1);
        if (packed.read() < 0) { // the library takes no bytes for no text
            throw new EOFException("an empty file is no zstd file");
        }
        packed.reset();
        return new ZstdInputStream(packed);
    }

    /** Bytes of the file that have been read, packed as they are. */
    long bytesRead() {
        return file.count;
    }

    private static final class CountingStream extends FilterInputStream {

        private long count;

        CountingStream(InputStream in) {
            super(in);
        }

        @Override
        public int read() throws IOException {
            int value = super.read();
            count += value < 0 ? 0 : 1;
            return value;
        }

        @Override
        public int read(byte[] bytes, int offset, int length) throws IOException {
            int got = super.read(bytes, offset, length);
            count += Math.max(0, got);
            return got;
        }
    }
}
