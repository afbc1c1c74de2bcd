package ai.spattention.train.terminal;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.jline.nativ.CLibrary;
import org.jline.nativ.CLibrary.WinSize;

/**
 * Asks the operating system about one stream. {@code System.console()} would not do: it speaks of standard input and output
 * together, of which one may be a terminal while another goes to a file.
 */
public enum Terminal {
    /** Standard output. */
    OUTPUT(1, FileDescriptor.out),
    /** Standard error. */
    ERROR(2, FileDescriptor.err);

    private static final int DEFAULT_COLUMNS = 80;

    private final int number;
    private final FileDescriptor descriptor;

    Terminal(int number, FileDescriptor descriptor) {
        this.number = number;
        this.descriptor = descriptor;
    }

    /**
     * Whether the stream is a terminal.
     *
     * @return false if it is a file or a pipe, or if that cannot be known
     */
    public boolean isThere() {
        try {
            return CLibrary.isatty(number) == 1;
        } catch (LinkageError | RuntimeException e) { // no native library for this machine: plain lines serve everywhere
            return false;
        }
    }

    /**
     * Whether the stream is a terminal that can draw a line again, and nobody wants quiet.
     *
     * @return true if it is
     */
    public boolean canRedraw() {
        return !"dumb".equals(System.getenv("TERM")) && !(this == ERROR && System.err instanceof QuietStream) && isThere();
    }

    /**
     * The terminal's width now.
     *
     * @return characters
     */
    public int columns() {
        WinSize size = new WinSize();
        int failed = CLibrary.ioctl(number, CLibrary.TIOCGWINSZ, size);
        return failed != 0 || size.ws_col < 1 ? DEFAULT_COLUMNS : size.ws_col;
    }

    /**
     * Writes to the terminal as it is, its commands included: for what this program draws.
     *
     * @return a new stream
     */
    public PrintStream stream() {
        return new PrintStream(new FileOutputStream(descriptor), true, StandardCharsets.UTF_8);
    }
}
