package ai.spattention.olmoe.io;

import ai.spattention.common.InvalidInputException;
import com.github.luben.zstd.ZstdInputStream;
import com.sun.management.OperatingSystemMXBean;
import java.io.BufferedInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The bytes of a text or of JSON lines, unpacked if the name says that they are packed, without a byte order mark. The file
 * is whole, or reading it fails: with an {@link java.io.EOFException} where it is cut, a {@link java.util.zip.ZipException} or
 * {@link com.github.luben.zstd.ZstdIOException} where it is damaged.
 */
public final class TextStream extends FilterInputStream {

    private static final int BUFFER = 1 << 16;
    /** Where a zero byte makes a file binary; a stray one far within a text does not. */
    private static final int HEAD = 1 << 13;
    /** So many files are open at once at most, and may take half of the memory for what unpacks them. */
    private static final int SHARE_OF_MEMORY = 8;

    private final CountingStream file;

    private TextStream(InputStream content, CountingStream file) {
        super(content);
        this.file = file;
    }

    /**
     * Opens a file.
     *
     * @param path the file
     * @return its text, to be closed by the caller
     * @throws InvalidInputException if the file holds something else than its name says, or is no regular file
     * @throws IOException if reading fails otherwise
     */
    public static TextStream open(Path path) throws IOException {
        FileFormat format = FileFormat.of(path);
        RegularFile.requireIfThere(path);
        CountingStream file = new CountingStream(Files.newInputStream(path));
        try {
            BufferedInputStream packed = new BufferedInputStream(file, BUFFER);
            byte[] head = peek(packed);
            BufferedInputStream content = switch (format.packing()) {
                case NONE -> packed;
                case GZIP -> {
                    require(path, head, Signature.GZIP, 2);
                    yield new BufferedInputStream(new GzipStream(packed), BUFFER);
                }
                case ZSTD -> {
                    require(path, head, Signature.ZSTD, 4);
                    yield new BufferedInputStream(new ZstdInputStream(new ZstdFrames(path, packed, largestWindow()))
                            .setLongMax(ZstdFrames.LONGEST_LOG), BUFFER);
                }
            };
            requireText(path, content);
            return new TextStream(content, file);
        } catch (IOException | RuntimeException e) {
            file.close();
            throw e;
        }
    }

    private static byte[] peek(BufferedInputStream in) throws IOException {
        in.mark(HEAD);
        byte[] head = in.readNBytes(HEAD);
        in.reset();
        return head;
    }

    private static void require(Path path, byte[] head, Signature expected, int length) {
        Optional<Signature> found = Signature.of(head);
        if (head.length >= length && found.filter(expected::equals).isEmpty()) {
            throw new InvalidInputException(path + " is not packed as its name says: it holds "
                    + found.map(other -> other.meaning).orElse("something else: give it the ending of what it is"));
        }
    }

    private static void requireText(Path path, BufferedInputStream content) throws IOException {
        byte[] head = peek(content);
        Signature.of(head).ifPresent(found -> {
            throw new InvalidInputException(path + " is not the text that its name promises: it holds " + found.meaning);
        });
        for (byte each : head) {
            if (each == 0) {
                throw new InvalidInputException(path + " is not the text that its name promises: it holds zero bytes, as binary"
                        + " files do; leave it out");
            }
        }
        if (head.length >= 3 && head[0] == (byte) 0xef && head[1] == (byte) 0xbb && head[2] == (byte) 0xbf) {
            content.skipNBytes(3);
        }
    }

    private static long largestWindow() {
        OperatingSystemMXBean machine = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        return Math.max(ZstdFrames.USUAL_WINDOW, machine.getTotalMemorySize() / SHARE_OF_MEMORY);
    }

    /**
     * How much of the file has been read.
     *
     * @return bytes as they lie on disk
     */
    public long bytesRead() {
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
