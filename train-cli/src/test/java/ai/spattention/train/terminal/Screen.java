package ai.spattention.train.terminal;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.Charset;
import java.util.ArrayList;
import java.util.List;

/** What a terminal would show: knows line ends, carriage returns, and "clear to the end of the line". */
final class Screen {

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final PrintStream stream = new PrintStream(bytes, true, Charset.defaultCharset());

    PrintStream stream() {
        return stream;
    }

    /** The lines, the last of which is the one with the cursor. */
    List<String> lines() {
        List<StringBuilder> lines = new ArrayList<>(List.of(new StringBuilder()));
        int column = 0;
        String text = bytes.toString(Charset.defaultCharset());
        for (int i = 0; i < text.length(); i++) {
            StringBuilder line = lines.get(lines.size() - 1);
            char c = text.charAt(i);
            if (c == '\n') {
                lines.add(new StringBuilder());
                column = 0;
            } else if (c == '\r') {
                column = 0;
            } else if (text.startsWith("\u001b[K", i)) {
                line.setLength(Math.min(column, line.length()));
                i += 2;
            } else {
                if (column < line.length()) {
                    line.setCharAt(column, c);
                } else {
                    line.append(c);
                }
                column++;
            }
        }
        return lines.stream().map(StringBuilder::toString).toList();
    }
}
