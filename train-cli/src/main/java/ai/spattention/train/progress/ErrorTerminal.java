package ai.spattention.train.progress;

import org.jline.nativ.CLibrary;
import org.jline.nativ.CLibrary.WinSize;

/**
 * Asks the operating system about standard error. {@code System.console()} would not do: it speaks of standard input and
 * output, which may be a terminal while standard error goes to a file, or the other way round.
 */
final class ErrorTerminal {

    private static final int STANDARD_ERROR = 2;
    private static final int DEFAULT_COLUMNS = 80;

    private ErrorTerminal() {}

    /** Whether standard error is a terminal that can redraw a line. */
    static boolean isThere() {
        if ("dumb".equals(System.getenv("TERM"))) {
            return false;
        }
        try {
            return CLibrary.isatty(STANDARD_ERROR) == 1;
        } catch (LinkageError | RuntimeException e) { // no native library for this machine: plain lines serve everywhere
            return false;
        }
    }

    /** The terminal's width in characters now. */
    static int columns() {
        WinSize size = new WinSize();
        int failed = CLibrary.ioctl(STANDARD_ERROR, CLibrary.TIOCGWINSZ, size);
        return failed != 0 || size.ws_col < 1 ? DEFAULT_COLUMNS : size.ws_col;
    }
}
