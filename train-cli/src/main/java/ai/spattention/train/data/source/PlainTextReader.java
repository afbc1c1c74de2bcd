package ai.spattention.train.data.source;

import ai.spattention.olmoe.io.ReadFailures;
import ai.spattention.olmoe.io.TextStream;
import ai.spattention.olmoe.tokenizer.Tokenizer;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Reader;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;

/** A file that is one document, in UTF-8. */
final class PlainTextReader implements PartReader {

    private final Path path;
    private final TextStream stream;
    private final TextCutter cutter;
    private boolean first = true;
    private boolean done;

    private PlainTextReader(Path path, TextStream stream, Tokenizer tokenizer) {
        this.path = path;
        this.stream = stream;
        Reader reader = new InputStreamReader(stream, StandardCharsets.UTF_8.newDecoder()
                .onMalformedInput(CodingErrorAction.REPORT).onUnmappableCharacter(CodingErrorAction.REPORT));
        cutter = new TextCutter(path, reader, tokenizer);
    }

    static PlainTextReader open(Path path, Tokenizer tokenizer) throws IOException {
        try {
            return new PlainTextReader(path, TextStream.open(path), tokenizer);
        } catch (IOException e) {
            throw ReadFailures.explain(path, e);
        }
    }

    @Override
    public Optional<TextPart> next() throws IOException {
        if (done) {
            return Optional.empty();
        }
        try {
            String text = cutter.next();
            done = cutter.atEnd();
            TextPart part = new TextPart(path.toString(), 1, text, first, done);
            first = false;
            return Optional.of(part);
        } catch (IOException e) {
            throw ReadFailures.explain(path, e);
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
