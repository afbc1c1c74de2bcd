package ai.spattention.train.data.source;

import ai.spattention.olmoe.io.ReadFailures;
import ai.spattention.olmoe.io.TextStream;
import ai.spattention.olmoe.tokenizer.Tokenizer;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A file in UTF-8: one document, or several with separators between them. What is blank before the first separator or after the
 * last is no document; between two of them it is an empty one.
 */
final class PlainTextReader implements PartReader {

    private final Path path;
    private final TextStream stream;
    private final SeparatedText text;
    private final Tokenizer tokenizer;
    private TextCutter cutter;
    private String id;
    private long line = 1;
    private long documents;
    private boolean first = true;
    private boolean done;

    private PlainTextReader(Path path, TextStream stream, DocumentSeparator separator, Tokenizer tokenizer) {
        this.path = path;
        this.stream = stream;
        this.tokenizer = tokenizer;
        text = new SeparatedText(new InputStreamReader(stream, StandardCharsets.UTF_8.newDecoder()
                .onMalformedInput(CodingErrorAction.REPORT).onUnmappableCharacter(CodingErrorAction.REPORT)), separator);
        cutter = new TextCutter(path, text, tokenizer);
        id = separator.equals(DocumentSeparator.NONE) ? path.toString() : path + "#1";
    }

    static PlainTextReader open(Path path, DocumentSeparator separator, Tokenizer tokenizer) throws IOException {
        try {
            return new PlainTextReader(path, TextStream.open(path), separator, tokenizer);
        } catch (IOException e) {
            throw ReadFailures.explain(path, e);
        }
    }

    @Override
    public Optional<TextPart> next() throws IOException {
        try {
            while (!done) {
                TextPart part = nextPart();
                if (!part.isEmptyDocument() || !isAtEdge()) {
                    if (part.last()) {
                        nextDocument();
                    }
                    return Optional.of(part);
                }
                nextDocument();
            }
            return Optional.empty();
        } catch (IOException e) {
            throw ReadFailures.explain(path, e);
        }
    }

    private TextPart nextPart() throws IOException {
        String piece = cutter.next();
        TextPart part = new TextPart(id, line, piece, first, cutter.atEnd());
        first = false;
        return part;
    }

    /** Whether the document that has ended stands before the first separator or after the last; not so if there is none. */
    private boolean isAtEdge() {
        return (documents == 0) != text.atEnd();
    }

    private void nextDocument() throws IOException {
        done = text.atEnd();
        if (!done) {
            text.nextDocument();
            cutter = new TextCutter(path, text, tokenizer);
            documents++;
            id = path + "#" + (documents + 1);
            line = text.line();
            first = true;
        }
    }

    @Override
    public long bytesRead() {
        return stream.bytesRead();
    }

    @Override
    public void close() throws IOException {
        stream.close();
    }
}
