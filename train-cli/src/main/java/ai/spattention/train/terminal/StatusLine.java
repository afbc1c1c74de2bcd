package ai.spattention.train.terminal;

import java.io.OutputStream;
import java.io.PrintStream;

/**
 * The last line of a terminal, which stays there while other output scrolls above it: before anything else is written it
 * is taken away, and afterwards it is drawn again. Safe for use by several threads.
 */
final class StatusLine {

    private static final String CLEAR = "\r\u001b[K";

    private final PrintStream terminal;
    private String text = "";
    private boolean insideLine;

    StatusLine(PrintStream terminal) {
        this.terminal = terminal;
    }

    /** Shows a text in place of the last one. */
    synchronized void show(String newText) {
        text = newText;
        draw();
    }

    /** Writes something else, to the same terminal by whatever way. */
    synchronized void above(Runnable output) {
        clear();
        output.run();
        draw();
    }

    /** Leaves the text where it is, and the cursor on the line after it. */
    synchronized void end() {
        if (!text.isEmpty() && !insideLine) {
            terminal.print(System.lineSeparator());
        }
        text = "";
        terminal.flush();
    }

    /** A stream to the same terminal for others, such as the log, that know nothing of this line. */
    PrintStream stream() {
        return VisibleStream.over(new OutputStream() {
            @Override
            public void write(int b) {
                write(new byte[] {(byte) b}, 0, 1);
            }

            @Override
            public void write(byte[] bytes, int offset, int length) {
                writeAbove(bytes, offset, length);
            }
        });
    }

    private synchronized void writeAbove(byte[] bytes, int offset, int length) {
        if (length == 0) {
            return;
        }
        clear();
        terminal.write(bytes, offset, length);
        insideLine = bytes[offset + length - 1] != '\n';
        draw();
    }

    private void clear() {
        if (!text.isEmpty() && !insideLine) {
            terminal.print(CLEAR);
        }
    }

    /** While somebody else's line has not ended, this one has no place. */
    private void draw() {
        if (!text.isEmpty() && !insideLine) {
            terminal.print(CLEAR + text);
        }
        terminal.flush();
    }
}
