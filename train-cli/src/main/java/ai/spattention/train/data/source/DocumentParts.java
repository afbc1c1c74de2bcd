package ai.spattention.train.data.source;

import ai.spattention.olmoe.io.WellFormedText;
import ai.spattention.olmoe.tokenizer.Tokenizer;
import java.io.IOException;
import java.io.StringReader;
import java.util.Optional;

/** The parts of a document whose text is in memory. */
final class DocumentParts {

    private final String id;
    private final long line;
    private final TextCutter cutter;
    private String whole;
    private boolean first = true;
    private boolean done;

    DocumentParts(Object where, String id, long line, String text, Tokenizer tokenizer) {
        this.id = id;
        this.line = line;
        String wellFormed = WellFormedText.of(text);
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
}
