package ai.spattention.olmoe.generate;

import ai.djl.ndarray.NDList;
import ai.spattention.olmoe.tokenizer.Tokenizer;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.stream.Stream;

/**
 * A text as it grows: pieces of one or more whole characters, each computed when it is asked for. The memory of the computation
 * is freed after the last piece; closing the text frees it earlier. Not safe for use by several threads at once.
 */
public final class GeneratedText implements Iterator<String>, AutoCloseable {

    private final Stream<NDList> steps;
    private final Iterator<NDList> tokens;
    private final TextPieces pieces;
    private String next = "";
    private boolean ended;

    /** Each step holds one or more token ids. */
    GeneratedText(Stream<NDList> steps, Tokenizer tokenizer) {
        this.steps = steps;
        tokens = steps.iterator();
        pieces = new TextPieces(tokenizer);
    }

    @Override
    public boolean hasNext() {
        while (next.isEmpty() && !ended) {
            if (tokens.hasNext()) {
                try (NDList step = tokens.next()) {
                    StringBuilder text = new StringBuilder();
                    for (long token : step.singletonOrThrow().toLongArray()) {
                        text.append(pieces.add(token));
                    }
                    next = text.toString();
                }
            } else {
                next = pieces.end();
                close();
            }
        }
        return !next.isEmpty();
    }

    @Override
    public String next() {
        if (!hasNext()) {
            throw new NoSuchElementException("the text has ended");
        }
        String piece = next;
        next = "";
        return piece;
    }

    /** Ends the text where it is. */
    @Override
    public void close() {
        ended = true;
        steps.close();
    }
}
