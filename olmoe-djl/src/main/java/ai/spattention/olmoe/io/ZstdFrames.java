package ai.spattention.olmoe.io;

import ai.spattention.common.InvalidInputException;
import java.io.EOFException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.Locale;
import java.util.zip.ZipException;

/**
 * Zstandard data (RFC 8878) as they are, which end only where a frame ends: the library that unpacks them takes a later frame
 * that is cut for the end. Also sees how much memory a frame needs before the library allocates it.
 */
final class ZstdFrames extends FilterInputStream {

    /** What the format's own tool unpacks without being asked to. */
    static final long USUAL_WINDOW = 1L << 27;
    /** The most that the library unpacks: {@code --long=31}. */
    static final int LONGEST_LOG = 31;

    private static final int MAGIC = 0xFD2FB528;
    private static final int SKIPPABLE = 0x184D2A50;
    private static final int LONGEST_HEADER = 18;

    /** What comes next. */
    private enum Part {
        MAGIC, SKIPPED_SIZE, DESCRIPTOR, HEADER, BLOCK
    }

    private final Path file;
    private final long largestWindow;
    private final byte[] head = new byte[LONGEST_HEADER];
    private Part part = Part.MAGIC;
    private int have;
    private int want = 4;
    private long skip;
    private boolean checksum;
    private boolean any;

    /**
     * Watches a stream.
     *
     * @param file its file, for messages
     * @param in the packed data
     * @param largestWindow the most bytes that a frame may need while it is unpacked
     */
    ZstdFrames(Path file, InputStream in, long largestWindow) {
        super(in);
        this.file = file;
        this.largestWindow = largestWindow;
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
        int got = in.read(bytes, offset, length);
        if (got < 0 && (!any || part != Part.MAGIC || have > 0 || skip > 0)) {
            throw new EOFException("within a zstd frame");
        }
        int at = offset;
        while (at < offset + got) {
            if (skip > 0) {
                int count = (int) Math.min(skip, offset + got - at);
                skip -= count;
                at += count;
            } else {
                head[have++] = bytes[at++];
                if (have == want) {
                    next();
                }
            }
        }
        return got;
    }

    @Override
    public boolean markSupported() {
        return false;
    }

    private void next() throws IOException {
        switch (part) {
            case MAGIC -> {
                int magic = (int) number(0, 4);
                if (magic != MAGIC && (magic & ~0xf) != SKIPPABLE) {
                    throw new ZipException("a zstd frame is expected and not there");
                }
                go(magic == MAGIC ? Part.DESCRIPTOR : Part.SKIPPED_SIZE, magic == MAGIC ? 5 : 8);
            }
            case SKIPPED_SIZE -> {
                skip = number(4, 4);
                endFrame();
            }
            case DESCRIPTOR -> go(Part.HEADER, 5 + windowBytes() + dictionaryBytes() + contentSizeBytes());
            case HEADER -> {
                checkWindow();
                checksum = (head[4] & 4) != 0;
                beginBlock();
            }
            case BLOCK -> {
                int header = (int) number(0, 3);
                boolean repeated = (header >> 1 & 3) == 1;
                skip = repeated ? 1 : header >> 3;
                if ((header & 1) == 0) {
                    beginBlock();
                } else {
                    skip += checksum ? 4 : 0;
                    endFrame();
                }
            }
        }
    }

    private void go(Part next, int bytes) {
        part = next;
        want = bytes;
    }

    private void beginBlock() {
        have = 0;
        go(Part.BLOCK, 3);
    }

    private void endFrame() {
        any = true;
        have = 0;
        go(Part.MAGIC, 4);
    }

    private boolean isSingleSegment() {
        return (head[4] & 0x20) != 0;
    }

    private int windowBytes() {
        return isSingleSegment() ? 0 : 1;
    }

    private int dictionaryBytes() {
        return (1 << (head[4] & 3)) >> 1;
    }

    private int contentSizeBytes() {
        int flag = head[4] >> 6 & 3;
        return flag == 0 ? isSingleSegment() ? 1 : 0 : 1 << flag;
    }

    private void checkWindow() {
        int bytes = contentSizeBytes();
        long content = number(5 + windowBytes() + dictionaryBytes(), bytes) + (bytes == 2 ? 256 : 0);
        long base = 1L << (10 + (head[5] >> 3 & 0x1f));
        long window = isSingleSegment() ? content : base + base / 8 * (head[5] & 7);
        long needed = bytes == 0 || content < 0 ? window : Math.min(window, content);
        if (window < 0 || window > 1L << LONGEST_LOG || needed > largestWindow) {
            throw new InvalidInputException(String.format(Locale.ROOT, "%s was packed with a long zstd window: to unpack it, %,d bytes of memory are"
                    + " needed, and at most %,d are given to a file; pack it again with: zstd -dc --long=31 FILE | zstd -o NEW_FILE",
                    file, needed, Math.min(largestWindow, 1L << LONGEST_LOG)));
        }
        if (dictionaryBytes() > 0 && number(5 + windowBytes(), dictionaryBytes()) != 0) {
            throw new InvalidInputException(file + " was packed with a zstd dictionary, which is not here: pack it again without one");
        }
    }

    /** A number, its lowest byte first. */
    private long number(int offset, int bytes) {
        long value = 0;
        for (int i = bytes - 1; i >= 0; i--) {
            value = value << 8 | head[offset + i] & 0xff;
        }
        return value;
    }
}
