package ai.spattention.train.data.source;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.common.InvalidInputException;
import java.io.IOException;
import java.io.Reader;
import java.io.StringReader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SeparatedTextTest {

    @TempDir
    private Path folder;

    /** Gives a few characters at a time. */
    private static Reader trickle(String text, Random random) {
        return new Reader() {
            private int at;

            @Override
            public int read(char[] into, int offset, int length) {
                if (at == text.length()) {
                    return -1;
                }
                int count = Math.min(Math.min(length, text.length() - at), 1 + random.nextInt(5000));
                text.getChars(at, at + count, into, offset);
                at += count;
                return count;
            }

            @Override
            public void close() {
                // nothing is open
            }
        };
    }

    private static List<String> documents(Reader reader, DocumentSeparator separator) throws IOException {
        List<String> documents = new ArrayList<>();
        SeparatedText text = new SeparatedText(reader, separator);
        while (true) {
            StringBuilder document = new StringBuilder();
            char[] piece = new char[777];
            for (int got = text.read(piece, 0, piece.length); got >= 0; got = text.read(piece, 0, piece.length)) {
                document.append(piece, 0, got);
            }
            documents.add(document.toString());
            if (text.atEnd()) {
                return documents;
            }
            text.nextDocument();
        }
    }

    /** The whole text at once, by regular expressions. */
    private static List<String> reference(String text, DocumentSeparator separator) {
        Pattern pattern = Pattern.compile(switch (separator.kind()) {
            case NONE -> "(?!)";
            case TEXT -> Pattern.quote(separator.text());
            case LINE -> "(?<![^\n])" + Pattern.quote(separator.text()) + "(\r?\n|\r?\\z)";
            case BLANK_LINES -> "(?<![^\n])(([^\\S\n]*\n)+([^\\S\n]+\\z)?|[^\\S\n]+\\z)";
        });
        return List.of(pattern.split(text, -1));
    }

    @ParameterizedTest
    @ValueSource(strings = {"none", "blank-lines", "line:--", "text:--", "text:<|end|>", "line:\\f", "text:a\\n", "text:\\n\\n\\n"})
    void documentsAreThoseOfTheWholeText(String separator) throws IOException {
        String[] pieces = {"a", "--", "-", "\n", "\r\n", "\n\n", " ", "\f", "<|end|>", "<|", "a long word".repeat(30), "--\n", "\n--\r\n", "\t"};
        for (int seed = 0; seed < 300; seed++) {
            Random random = new Random(seed);
            StringBuilder text = new StringBuilder();
            int count = random.nextInt(seed < 250 ? 30 : 8000);
            for (int i = 0; i < count; i++) {
                text.append(pieces[random.nextInt(pieces.length)]);
            }
            DocumentSeparator parsed = DocumentSeparator.parse(separator);
            assertEquals(reference(text.toString(), parsed), documents(trickle(text.toString(), random), parsed), "seed " + seed);
        }
    }

    /** Where a separator may lie across the end of the buffer. */
    @ParameterizedTest
    @ValueSource(strings = {"blank-lines", "line:---", "text:---"})
    void aSeparatorAnywhereIsFound(String separator) throws IOException {
        String between = separator.equals("blank-lines") ? " \r\n" : separator.equals("line:---") ? "---\r\n" : "---";
        for (int length : new int[] {32_766, 32_767, 32_768, 65_530, 65_531, 65_532, 65_533, 65_534, 65_535, 65_536, 65_537, 131_070}) {
            String before = "x".repeat(length) + "\n";
            assertEquals(List.of(before, "end"),
                    documents(new StringReader(before + between + "end"), DocumentSeparator.parse(separator)), "after " + length);
        }
    }

    @Test
    void documentsOfAnyLengthAreReadInParts() throws IOException {
        Path file = SourceFiles.write(folder.resolve("a.txt.gz"), "--\n" + "word ".repeat(200_000) + "\n--\n \n--\r\nend\r\n--\n");
        List<TextPart> parts = SourceFiles.read(file, "text", DocumentSeparator.parse("line:--"));
        assertTrue(parts.size() > 4, "in parts");
        assertEquals(3, parts.stream().filter(TextPart::first).count());
        assertEquals(3, parts.stream().filter(TextPart::last).count());
        assertEquals(new TextPart(file + "#3", 4, " \n", true, true), parts.get(parts.size() - 2), "empty, to be counted");
        assertEquals(new TextPart(file + "#4", 6, "end\r\n", true, true), parts.get(parts.size() - 1));
        assertEquals(file + "#2", parts.get(0).id());
        assertEquals(2, parts.get(0).line());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        "none        | `` | 1", "line:- | `-` | 0", "line:- | `-\n-\n` | 1", "line:- | `` | 1", "text:- | `a-` | 1", "text:- | `-a` | 1",
        "text:-      | `a--b` | 3", "blank-lines | `\n\na\n\n\nb\n\n` | 2", "blank-lines | `a\n  ` | 1", "text:- | ` - a - ` | 1"})
    void whatIsBlankAtTheEdgesIsNoDocument(String separator, String text, int documents) throws IOException {
        Path file = SourceFiles.write(folder.resolve("a.txt"), text.replace("\\n", "\n"));
        assertEquals(documents, SourceFiles.read(file, "text", DocumentSeparator.parse(separator)).size());
    }

    @ParameterizedTest
    @ValueSource(strings = {"none", "blank-lines", "line:a b", "text:\\\\", "text:\\u000A", "text:\\u0009x"})
    void isWrittenAsItIsRead(String separator) {
        assertEquals(separator, DocumentSeparator.parse(separator).toString());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        "<e>           | must be none, blank-lines, line:TEXT or text:TEXT (got '<e>')",
        "text:         | --document-separator has no text after the colon",
        "line:a\\nb    | must be one line: use text:TEXT for more",
        "text:\\q      | has a backslash that means nothing (got '\\q')",
        "text:\\u12    | has a backslash that means nothing",
        "text:\\       | has a backslash that means nothing",
        "none:         | must be none, blank-lines"})
    void whatIsNoSeparatorIsRefused(String value, String message) {
        String refused = assertThrows(InvalidInputException.class, () -> DocumentSeparator.parse(value)).getMessage();
        assertTrue(refused.contains(message), refused);
    }
}
