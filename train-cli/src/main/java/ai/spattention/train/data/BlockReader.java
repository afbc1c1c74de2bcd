package ai.spattention.train.data;

import ai.spattention.train.data.source.TextPart;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Cuts a stream into blocks and shuffles the documents within each by the seed. A document that is longer than a block stays
 * in its place: it ends one block and begins the next.
 */
final class BlockReader {

    /** What a document costs besides its characters, so that a block of tiny documents is bounded, too. */
    private static final int DOCUMENT_OVERHEAD = 64;

    private final DocumentStream stream;
    private final long seed;
    private final int blockCharacters;

    BlockReader(DocumentStream stream, long seed, int blockCharacters) {
        this.stream = stream;
        this.seed = seed;
        this.blockCharacters = blockCharacters;
    }

    /** Reads the next block; empty at the end. */
    Optional<DocumentBlock> next() throws IOException {
        List<DocumentBlock.Run> runs = new ArrayList<>();
        List<String> texts = new ArrayList<>();
        long emptyDocuments = 0;
        long size = 0;
        while (size < blockCharacters) {
            Optional<DocumentStream.Part> next = stream.next();
            if (next.isEmpty()) {
                break;
            }
            size += DOCUMENT_OVERHEAD;
            TextPart part = next.get().text();
            if (part.isEmptyDocument()) {
                emptyDocuments++;
                continue;
            }
            boolean first = part.first();
            int firstPiece = texts.size();
            texts.add(part.text());
            size += part.text().length();
            while (!part.last() && size < blockCharacters) {
                part = stream.next().orElseThrow().text();
                texts.add(part.text());
                size += part.text().length();
            }
            runs.add(new DocumentBlock.Run(next.get().origin(), next.get().split(), firstPiece, texts.size() - firstPiece,
                    first, part.last()));
        }
        if (size == 0) {
            return Optional.empty();
        }
        return Optional.of(new DocumentBlock(shuffled(runs), texts.toArray(String[]::new), emptyDocuments,
                stream.position(), stream.bytesRead()));
    }

    private List<DocumentBlock.Run> shuffled(List<DocumentBlock.Run> runs) {
        int from = !runs.isEmpty() && !runs.get(0).first() ? 1 : 0;
        int to = !runs.isEmpty() && !runs.get(runs.size() - 1).last() ? runs.size() - 1 : runs.size();
        if (to - from < 2) {
            return runs;
        }
        List<DocumentBlock.Run> result = new ArrayList<>(runs);
        SequenceOrder order = new SequenceOrder(to - from, seed, stream.position().draws());
        for (int i = from; i < to; i++) {
            result.set(i, runs.get(from + (int) order.at(i - from)));
        }
        return result;
    }
}
