package ai.spattention.train.terminal;

import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;
import java.util.regex.Pattern;

/**
 * Standard error where somebody wants quiet: of the lines that are written, those that warn are handed on. A line warns if it begins
 * with {@link #WARNING}, or is one of the log's at level WARN or above; the name of another process may stand in brackets before it. While
 * {@code System.err} is such a stream, no bar is drawn.
 */
public final class QuietStream extends PrintStream {

    /** How every line begins that has to be seen. */
    public static final String WARNING = "warning: ";

    private static final Pattern SEEN = Pattern.compile("^(\\[[^\\]]+] )?(" + WARNING + "|\\d\\d:\\d\\d:\\d\\d (WARN|ERROR|FATAL) )");

    /**
     * Creates a stream.
     *
     * @param warnings gets each line that warns, without its end
     */
    public QuietStream(Consumer<String> warnings) {
        super(new Lines(warnings), true, StandardCharsets.UTF_8);
    }

    /** Takes a line to its reader when it ends; one without an end when the stream is closed. */
    private static final class Lines extends OutputStream {

        private final Consumer<String> warnings;
        private final ByteArrayOutputStream line = new ByteArrayOutputStream();

        Lines(Consumer<String> warnings) {
            this.warnings = warnings;
        }

        @Override
        public synchronized void write(int b) {
            if (b == '\n') {
                end();
            } else {
                line.write(b);
            }
        }

        @Override
        public synchronized void close() {
            end();
        }

        private void end() {
            String text = line.toString(StandardCharsets.UTF_8);
            line.reset();
            if (SEEN.matcher(text).find()) {
                warnings.accept(text.stripTrailing());
            }
        }
    }
}
