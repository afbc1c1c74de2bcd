package ai.spattention.train.data.source;

import ai.spattention.olmoe.tokenizer.Tokenizer;
import java.io.IOException;
import java.io.StringReader;
import java.util.Optional;

/** The parts of a document whose text is in memory. */
final class DocumentParts {

    private static final char REPLACEMENT = '\uFFFD';

    private final String id;
    private final long line;
    private final TextCutter cutter;
    private String whole;
    private boolean first = true;
    private boolean done;

    DocumentParts(Object where, String id, long line, String text, Tokenizer tokenizer) {
        this.id = id;
        this.line = line;
        String wellFormed = withoutLoneSurrogates(text);
        whole = text.length() <= TextCutter.PIECE ? wellFormed : null;
        cutter = whole != null ? null : new TextCutter(where, new StringReader(wellFormed), tokenizer);
    }

    Optional<TextPart> next() throws IOException {
        if (done) {
            return Optional.empty();
        }
        String text = whole != null ? whole : cutter.next();
        done = whole != null || cutter.atEnd();
        TextPart part = new TextPart(id, line, text, first, done);
        first = false;
        return Optional.of(part);
    }

    /** Half a character, which JSON's escapes can express and UTF-8 cannot, becomes U+FFFD. */
    private static String withoutLoneSurrogates(String text) {
        StringBuilder mended = null;
        for (int i = 0; i < text.length(); i++) {
            if (!Character.isSurrogate(text.charAt(i))) {
                continue;
            }
            if (Character.charCount(text.codePointAt(i)) == 2) {
                i++;
                continue;
            }
            mended = mended == null ? new StringBuilder(text) : mended;
            mended.setCharAt(i, REPLACEMENT);
        }
        return mended == null ? text : mended.toString();
    }
}
