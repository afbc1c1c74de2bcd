package ai.spattention.train.data.source;

import java.io.IOException;
import java.io.Reader;
import java.util.Arrays;

/**
 * A text that gives its documents one by one: {@link #read} says that the text has ended where a document does, and {@link
 * #nextDocument} goes on behind the separator. A document keeps the line end before a separator that is a line. Holds a buffer,
 * whatever the length of documents and lines.
 */
final class SeparatedText extends Reader {

    /** More than the longest separator and a line end. */
    private static final int BUFFER = 1 << 16;
    private static final int UNKNOWN = -1;

    private final Reader reader;
    private final DocumentSeparator separator;
    private final char[] text;
    private final char[] buffer = new char[BUFFER];
    private int from;
    private int to;
    private boolean ended;
    private boolean isLineStart = true;

    /** How many characters from {@code from} on belong to the document. */
    private int plain;
    /** The length of the separator behind them; 0 if none is known to be there. */
    private int gap;
    private boolean documentEnded;
    private long line = 1;

    SeparatedText(Reader reader, DocumentSeparator separator) {
        this.reader = reader;
        this.separator = separator;
        text = separator.text().toCharArray();
    }

    @Override
    public int read(char[] into, int offset, int length) throws IOException {
        if (plain == 0 && gap == 0 && !documentEnded) {
            look();
        }
        if (plain == 0) {
            documentEnded = true;
            return -1;
        }
        int count = Math.min(plain, length);
        System.arraycopy(buffer, from, into, offset, count);
        take(count);
        plain -= count;
        return count;
    }

    /** Whether the text has ended, and not only a document. Known once the document has ended. */
    boolean atEnd() {
        return documentEnded && gap == 0;
    }

    /** Goes on to the next document, after the end of one. */
    void nextDocument() throws IOException {
        do { // blank lines in a row are one separator
            take(gap);
            isLineStart = true;
            fill();
            gap = separator.kind() == DocumentSeparator.Kind.BLANK_LINES ? Math.max(0, separatorLine(from)) : 0;
        } while (gap > 0);
        documentEnded = false;
    }

    /** The line, from 1 on, of the next character. */
    long line() {
        return line;
    }

    private void take(int count) {
        for (int i = from; i < from + count; i++) {
            line += buffer[i] == '\n' ? 1 : 0;
        }
        if (count > 0) {
            isLineStart = buffer[from + count - 1] == '\n';
        }
        from += count;
    }

    private void fill() throws IOException {
        if (to - from > BUFFER / 2) {
            return; // enough to look at
        }
        System.arraycopy(buffer, from, buffer, 0, to - from);
        to -= from;
        from = 0;
        while (to < BUFFER && !ended) {
            int got = reader.read(buffer, to, BUFFER - to);
            ended = got < 0;
            to += Math.max(0, got);
        }
    }

    /** Finds out how far the document goes in the buffer, and whether a separator follows. */
    private void look() throws IOException {
        fill();
        switch (separator.kind()) {
            case NONE -> found(to, 0);
            case TEXT -> lookForText();
            case BLANK_LINES, LINE -> lookForLine();
        }
    }

    private void found(int end, int separatorLength) {
        plain = end - from;
        gap = separatorLength;
    }

    private void lookForText() {
        for (int at = from; at + text.length <= to; at++) {
            if (isTextAt(at)) {
                found(at, text.length);
                return;
            }
        }
        found(ended ? to : Math.max(from, to - text.length + 1), 0);
    }

    private boolean isTextAt(int at) {
        return Arrays.equals(buffer, at, at + text.length, text, 0, text.length);
    }

    private void lookForLine() {
        int at = from;
        boolean begins = isLineStart;
        while (at < to) {
            int length = begins ? separatorLine(at) : 0;
            if (length > 0) {
                found(at, length);
                return;
            }
            if (length == UNKNOWN && at > from) {
                break; // looked at again, with more behind it
            }
            while (at < to && buffer[at] != '\n') {
                at++;
            }
            at = Math.min(to, at + 1);
            begins = true;
        }
        found(at, 0);
    }

    /** The length with its end of a line that is a separator; 0 if it is none; UNKNOWN if the buffer ends before that shows. */
    private int separatorLine(int at) {
        boolean isBlankWanted = separator.kind() == DocumentSeparator.Kind.BLANK_LINES;
        int end = at;
        if (isBlankWanted) {
            while (end < to && buffer[end] != '\n' && end - at <= DocumentSeparator.LONGEST && Character.isWhitespace(buffer[end])) {
                end++;
            }
        } else {
            while (end < to && end - at < text.length && buffer[end] == text[end - at]) {
                end++;
            }
            if (end - at < text.length) {
                return end == to && !ended ? UNKNOWN : 0;
            }
            end += end < to && buffer[end] == '\r' ? 1 : 0;
        }
        if (end == to) {
            return ended ? end - at : UNKNOWN;
        }
        return buffer[end] == '\n' ? end + 1 - at : 0;
    }

    @Override
    public void close() throws IOException {
        reader.close();
    }
}
