package ai.spattention.olmoe.io;

import ai.spattention.common.InvalidInputException;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * The lines of a text, which end at line feeds, in strict UTF-8. A line lies in a buffer of this object until the next one is
 * read, and is bounded, whatever the file claims or unpacks to.
 */
public final class TextLines implements Closeable {

    /** The most bytes of a line: it has to fit into memory several times. */
    public static final int LONGEST = 1 << 26;

    private static final char BYTE_ORDER_MARK = '\uFEFF';

    private final Path path;
    private final TextStream in;
    private final CharsetDecoder utf8 = StandardCharsets.UTF_8.newDecoder();
    private byte[] buffer = new byte[1 << 16];
    private CharBuffer line = CharBuffer.allocate(1 << 16);
    private int start;
    private int end;
    private int filled;
    private long number;

    private TextLines(Path path, TextStream in) {
        this.path = path;
        this.in = in;
    }

    /**
     * Opens a file, unpacked as its name says.
     *
     * @param path the file
     * @return its lines
     * @throws InvalidInputException if the file holds something else than its name says, is cut or damaged
     * @throws IOException if reading fails otherwise
     */
    public static TextLines open(Path path) throws IOException {
        try {
            return new TextLines(path, TextStream.open(path));
        } catch (IOException e) {
            throw ReadFailures.explain(path, e);
        }
    }

    /**
     * Goes to the next line.
     *
     * @return false at the end
     * @throws InvalidInputException if the file is cut or damaged, or the line too long or not in UTF-8
     * @throws IOException if reading fails otherwise
     */
    public boolean next() throws IOException {
        try {
            if (!findEnd()) {
                return false;
            }
        } catch (IOException e) {
            throw ReadFailures.explain(number == 0 ? path : path + " after line " + number, e);
        }
        number++;
        decode();
        return true;
    }

    private boolean findEnd() throws IOException {
        start = number == 0 ? 0 : end + 1;
        end = start;
        while (true) {
            while (end < filled && buffer[end] != '\n') {
                end++;
            }
            if (end < filled) {
                return true;
            }
            if (!read()) {
                return start < filled;
            }
        }
    }

    private boolean read() throws IOException {
        if (start > 0) {
            System.arraycopy(buffer, Math.min(start, filled), buffer, 0, Math.max(0, filled - start));
            end -= start;
            filled = Math.max(0, filled - start);
            start = 0;
        }
        if (filled == buffer.length) {
            if (filled >= LONGEST) {
                throw new InvalidInputException(path + " line " + (number + 1) + " is longer than " + (LONGEST >> 20)
                        + " MiB: split the document, or store it as a plain text file");
            }
            buffer = Arrays.copyOf(buffer, 2 * filled);
        }
        int got = in.read(buffer, filled, buffer.length - filled);
        filled += Math.max(0, got);
        return got >= 0;
    }

    private void decode() {
        int length = end - start;
        if (line.capacity() < length) {
            line = CharBuffer.allocate(Math.max(length, Math.min(2 * line.capacity(), LONGEST)));
        }
        line.clear();
        CoderResult result = utf8.reset().decode(ByteBuffer.wrap(buffer, start, length), line, true);
        if (result.isError() || utf8.flush(line).isError()) {
            throw new InvalidInputException(path + " line " + number
                    + " is not text in UTF-8: convert the file, or leave the line out");
        }
        line.flip();
        if (line.hasRemaining() && line.get(0) == BYTE_ORDER_MARK) { // files with marks that were put together
            line.position(1);
        }
    }

    /**
     * The line's number.
     *
     * @return from 1 on
     */
    public long number() {
        return number;
    }

    /**
     * The line without its end and without a byte order mark.
     *
     * @return the characters; they are overwritten by the next line
     */
    public CharBuffer line() {
        return line.duplicate();
    }

    /**
     * Whether the line holds nothing but white space.
     *
     * @return true if so
     */
    public boolean isBlank() {
        for (int i = line.position(); i < line.limit(); i++) {
            char each = line.array()[i];
            if (each != ' ' && each != '\t' && each != '\r') {
                return false;
            }
        }
        return true;
    }

    /**
     * How much of the file has been read.
     *
     * @return bytes as they lie on disk
     */
    public long bytesRead() {
        return in.bytesRead();
    }

    @Override
    public void close() throws IOException {
        in.close();
    }
}
