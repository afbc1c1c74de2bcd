package ai.spattention.train.data.source;

import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.tokenizer.Tokenizer;
import java.io.IOException;
import java.io.Reader;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * Cuts a text into pieces of about {@value #PIECE} characters that give the same ids one by one as the whole text would, so
 * that a text of any length can be encoded in bounded memory and by several threads.
 *
 * <p>A tokenizer splits text into words and looks no further than a word's neighbours. A place where a word begins is a
 * candidate; it is taken if the characters around it get the same ids in one piece and in two. A tokenizer that puts a space
 * before every text never passes: its pieces grow up to {@value #LONGEST} characters.
 */
final class TextCutter {

    static final int PIECE = 1 << 18;
    static final int LONGEST = 1 << 24;

    private static final int AROUND = 256;
    private static final int TRIES = 8;

    private final Object where;
    private final Reader reader;
    private final Tokenizer tokenizer;
    private char[] buffer = new char[1 << 13];
    private int length;
    private boolean ended;

    TextCutter(Object where, Reader reader, Tokenizer tokenizer) {
        this.where = where;
        this.reader = reader;
        this.tokenizer = tokenizer;
    }

    /** Takes the next piece; empty only if nothing is left. */
    String next() throws IOException {
        for (int size = PIECE;; size = Math.min(2 * size, LONGEST)) {
            fill(size + AROUND);
            if (ended && length <= size) {
                return take(length);
            }
            int cut = cutBefore(Math.min(size, length - 1));
            if (cut > 0) {
                return take(cut);
            }
            if (size == LONGEST) {
                throw new InvalidInputException(where + " is a document of more than " + LONGEST
                        + " characters, and the tokenizer " + tokenizer.name()
                        + " would encode it differently in parts: split it into several documents");
            }
        }
    }

    /** Whether the last piece that was taken ended the text. */
    boolean atEnd() throws IOException {
        fill(1);
        return length == 0;
    }

    private void fill(int wanted) throws IOException {
        while (length < wanted && !ended) {
            if (length == buffer.length) {
                buffer = Arrays.copyOf(buffer, Math.min(2 * length, LONGEST + AROUND));
            }
            int got = reader.read(buffer, length, Math.min(buffer.length, wanted) - length);
            ended = got < 0;
            length += Math.max(0, got);
        }
    }

    private String take(int count) {
        String piece = new String(buffer, 0, count);
        System.arraycopy(buffer, count, buffer, 0, length - count);
        length -= count;
        return piece;
    }

    /** The last place in the upper half of [0, limit] where the text can be cut, or -1: best at a line, else at a word. */
    private int cutBefore(int limit) {
        for (Place place : Place.values()) {
            int tries = 0;
            for (int at = limit; at > limit / 2 && tries < TRIES; at--) {
                if (place.isAt(buffer, at)) {
                    if (isSafe(at)) {
                        return at;
                    }
                    tries++;
                }
            }
        }
        return -1;
    }

    private boolean isSafe(int at) {
        int from = Math.max(0, at - AROUND);
        int to = Math.min(length, at + AROUND);
        from += Character.isLowSurrogate(buffer[from]) ? 1 : 0;
        to -= Character.isHighSurrogate(buffer[to - 1]) ? 1 : 0;
        int[] whole = tokenizer.encodeOrdinary(new String(buffer, from, to - from));
        int[] left = tokenizer.encodeOrdinary(new String(buffer, from, at - from));
        int[] right = tokenizer.encodeOrdinary(new String(buffer, at, to - at));
        return Arrays.equals(whole, IntStream.concat(Arrays.stream(left), Arrays.stream(right)).toArray());
    }

    /** Kinds of places where words begin. */
    private enum Place {
        LINE {
            @Override
            boolean isAt(char[] text, int at) {
                return text[at - 1] == '\n' && Character.isLetterOrDigit(text[at]);
            }
        },
        SPACE {
            @Override
            boolean isAt(char[] text, int at) {
                return text[at] == ' ' && Character.isLetterOrDigit(text[at - 1]);
            }
        },
        LETTER {
            @Override
            boolean isAt(char[] text, int at) {
                return Character.isLetter(text[at]) && !Character.isLetter(text[at - 1])
                        && !Character.isSurrogate(text[at - 1]);
            }
        };

        /** Whether a word seems to begin at a place, which is at least 1. */
        abstract boolean isAt(char[] text, int at);
    }
}
