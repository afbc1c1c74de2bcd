package ai.spattention.olmoe.io;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;
import java.util.zip.ZipException;

/**
 * The content of gzip's members (RFC 1952) one after another. What follows a member is another one, or zeros up to the end as
 * tapes are padded; anything else is damage. Java's own stream takes a later member that is cut or damaged for the end.
 */
final class GzipStream extends InputStream {

    private static final int BUFFER = 1 << 16;
    private static final int MAGIC = 0x8b1f;
    private static final int DEFLATE = 8;
    private static final int HEADER_CRC = 2;
    private static final int EXTRA = 4;
    private static final int NAME = 8;
    private static final int COMMENT = 16;
    private static final int RESERVED = 0xe0;

    private final BufferedInputStream in;
    private final Inflater inflater = new Inflater(true);
    private final CRC32 crc = new CRC32();
    private final byte[] packed = new byte[BUFFER];
    private int given;
    private boolean inMember;
    private boolean ended;

    GzipStream(InputStream in) throws IOException {
        this.in = new BufferedInputStream(in, BUFFER);
        beginMember();
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
        if (length == 0) {
            return 0;
        }
        while (inMember || hasAnotherMember()) {
            int got = inflate(bytes, offset, length);
            if (got > 0) {
                crc.update(bytes, offset, got);
                return got;
            }
            if (inflater.finished()) {
                endMember();
            } else if (inflater.needsDictionary()) {
                throw new ZipException("it needs a dictionary");
            } else {
                give();
            }
        }
        return -1;
    }

    private int inflate(byte[] bytes, int offset, int length) throws IOException {
        try {
            return inflater.inflate(bytes, offset, length);
        } catch (DataFormatException e) {
            throw new ZipException(e.getMessage() == null ? "invalid data" : e.getMessage());
        }
    }

    /** Gives the inflater more; what it leaves over at the member's end is read again from the mark. */
    private void give() throws IOException {
        in.mark(BUFFER);
        given = in.read(packed, 0, BUFFER);
        if (given < 0) {
            throw new EOFException("within a gzip member");
        }
        inflater.setInput(packed, 0, given);
    }

    private boolean hasAnotherMember() throws IOException {
        if (ended) {
            return false;
        }
        in.mark(1);
        int next = in.read();
        in.reset();
        if (next > 0) {
            beginMember();
            return true;
        }
        for (int padding = in.read(); padding >= 0; padding = in.read()) {
            if (padding != 0) {
                throw new ZipException("something that is not gzip follows its end");
            }
        }
        ended = true;
        return false;
    }

    private void beginMember() throws IOException {
        crc.reset();
        if (twoBytes() != MAGIC) {
            throw new ZipException("a gzip header is expected and not there");
        }
        if (oneByte() != DEFLATE) {
            throw new ZipException("an unknown method of compression");
        }
        int flags = oneByte();
        if ((flags & RESERVED) != 0) {
            throw new ZipException("unknown flags in a gzip header");
        }
        for (int i = 0; i < 6; i++) { // time, hints and system
            oneByte();
        }
        if ((flags & EXTRA) != 0) {
            for (int left = twoBytes(); left > 0; left--) {
                oneByte();
            }
        }
        for (int text : new int[] {NAME, COMMENT}) {
            while ((flags & text) != 0 && oneByte() != 0) {
                // up to its zero
            }
        }
        int computed = (int) crc.getValue() & 0xffff;
        if ((flags & HEADER_CRC) != 0 && twoBytes() != computed) {
            throw new ZipException("the checksum of a gzip header is wrong");
        }
        crc.reset();
        inflater.reset();
        inMember = true;
    }

    private void endMember() throws IOException {
        in.reset();
        in.skipNBytes(given - inflater.getRemaining());
        long checksum = crc.getValue();
        long size = inflater.getBytesWritten() & 0xffffffffL;
        if (fourBytes() != checksum) {
            throw new ZipException("the checksum is wrong");
        }
        if (fourBytes() != size) {
            throw new ZipException("the size is wrong");
        }
        inMember = false;
    }

    private int oneByte() throws IOException {
        int value = in.read();
        if (value < 0) {
            throw new EOFException("within a gzip member");
        }
        crc.update(value);
        return value;
    }

    private int twoBytes() throws IOException {
        return oneByte() | oneByte() << 8;
    }

    private long fourBytes() throws IOException {
        return twoBytes() | (long) twoBytes() << 16;
    }

    @Override
    public void close() throws IOException {
        inflater.end();
        in.close();
    }
}
