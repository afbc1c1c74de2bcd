package ai.spattention.train.data.source;

import ai.spattention.InvalidInputException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.Arrays;

/** Splits bytes at line feeds. The line lies in a buffer of this object until the next one is read. */
final class LineSplitter {

    /** Longer lines are refused: they have to fit into memory several times. */
    static final int LONGEST = 1 << 26;

    private final Path path;
    private final InputStream in;
    private byte[] buffer = new byte[1 << 16];
    private int start;
    private int end;
    private int filled;
    private long number;

    LineSplitter(Path path, InputStream in) {
        this.path = path;
        this.in = in;
    }

    /** Goes to the next line; false at the end. */
    boolean next() throws IOException {
        start = number == 0 ? 0 : end + 1;
        end = start;
        while (true) {
            while (end < filled && buffer[end] != '\n') {
                end++;
            }
            if (end < filled) {
                number++;
                return true;
            }
            if (!read()) {
                if (start >= filled) {
                    return false;
                }
                number++;
                return true;
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

    /** The line's number, from 1 on. */
    long number() {
        return number;
    }

    byte[] buffer() {
        return buffer;
    }

    int offset() {
        return start;
    }

    int length() {
        return end - start;
    }

    boolean isBlank() {
        for (int i = start; i < end; i++) {
            if (buffer[i] != ' ' && buffer[i] != '\t' && buffer[i] != '\r') {
                return false;
            }
        }
        return true;
    }
}
