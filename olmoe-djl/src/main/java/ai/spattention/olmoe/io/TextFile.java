package ai.spattention.olmoe.io;

import ai.spattention.common.InvalidInputException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Locale;

/** Texts that are needed whole. */
public final class TextFile {

    private static final char BYTE_ORDER_MARK = '\uFEFF';

    private TextFile() {}

    /**
     * Passes over a byte order mark.
     *
     * @param text a file's text
     * @return the text without the mark
     */
    public static String withoutMark(String text) {
        return !text.isEmpty() && text.charAt(0) == BYTE_ORDER_MARK ? text.substring(1) : text;
    }

    /**
     * Reads a text, unpacked as the file's name says, in strict UTF-8 and without a byte order mark.
     *
     * @param file the file
     * @param what what the file is for, as in "the text file"
     * @param longest the most bytes
     * @return the text
     * @throws InvalidInputException if there is no such file, or it is too long, cut, damaged or no text
     * @throws IOException if reading fails otherwise
     */
    public static String read(Path file, String what, int longest) throws IOException {
        RegularFile.require(file, what);
        try (TextStream in = TextStream.open(file)) {
            byte[] bytes = in.readNBytes(longest + 1);
            if (bytes.length > longest) {
                throw new InvalidInputException(String.format(Locale.ROOT, "%s %s has more than %,d bytes, the most that is read", what, file, longest));
            }
            return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
        } catch (IOException e) {
            throw ReadFailures.explain(file, e);
        }
    }
}
