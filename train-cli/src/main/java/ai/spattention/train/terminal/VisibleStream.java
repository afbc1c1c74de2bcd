package ai.spattention.train.terminal;

import java.io.IOException;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.PrintStream;
import java.io.Writer;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;

/** Hands on UTF-8 in which nothing commands a terminal; a character whose bytes are not all there waits for them. */
public final class VisibleStream extends OutputStream {

    private final Writer writer;
    private final CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder()
            .onMalformedInput(CodingErrorAction.REPLACE).onUnmappableCharacter(CodingErrorAction.REPLACE);
    private final ByteBuffer bytes = ByteBuffer.allocate(1 << 13);
    private final CharBuffer chars = CharBuffer.allocate(1 << 13);

    private VisibleStream(OutputStream out) {
        writer = new VisibleWriter(new OutputStreamWriter(out, StandardCharsets.UTF_8));
    }

    /**
     * A stream for text from anywhere.
     *
     * @param out gets UTF-8
     * @return the stream, which flushes what is written to it
     */
    public static PrintStream over(OutputStream out) {
        return new PrintStream(new VisibleStream(out), true, StandardCharsets.UTF_8);
    }

    @Override
    public void write(int b) throws IOException {
        write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] source, int offset, int length) throws IOException {
        for (int done = 0; done < length;) {
            int count = Math.min(length - done, bytes.remaining());
            bytes.put(source, offset + done, count).flip();
            done += count;
            decoder.decode(bytes, chars, false);
            bytes.compact();
            writer.write(chars.array(), 0, chars.position());
            chars.clear();
        }
        flush();
    }

    @Override
    public void flush() throws IOException {
        writer.flush();
    }
}
