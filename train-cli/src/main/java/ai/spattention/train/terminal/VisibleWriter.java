package ai.spattention.train.terminal;

import ai.spattention.olmoe.io.VisibleText;
import java.io.FilterWriter;
import java.io.IOException;
import java.io.Writer;

/** Hands on text in which nothing commands a terminal. */
public final class VisibleWriter extends FilterWriter {

    /**
     * Creates a writer.
     *
     * @param out gets the text
     */
    public VisibleWriter(Writer out) {
        super(out);
    }

    @Override
    public void write(int c) throws IOException {
        write(String.valueOf((char) c), 0, 1);
    }

    @Override
    public void write(char[] chars, int offset, int length) throws IOException {
        write(new String(chars, offset, length), 0, length);
    }

    @Override
    public void write(String text, int offset, int length) throws IOException {
        out.write(VisibleText.of(text.substring(offset, offset + length)));
    }
}
