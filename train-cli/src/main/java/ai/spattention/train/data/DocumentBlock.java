package ai.spattention.train.data;

import java.util.List;

/**
 * Some documents that are in memory together, in the order in which they are written.
 *
 * @param runs the documents
 * @param texts their pieces, the document's one after the other; encoding clears them
 * @param emptyDocuments how many documents were left out because they hold nothing
 * @param after the stream's position behind them
 * @param bytesRead bytes of the input files up to there
 */
record DocumentBlock(List<Run> runs, String[] texts, long emptyDocuments, DocumentStream.Position after, long bytesRead) {

    /**
     * A document, or as much of it as the block holds.
     *
     * @param origin where it came from
     * @param split where it goes
     * @param firstPiece the index of its first piece
     * @param pieces how many pieces it has
     * @param first whether it begins here
     * @param last whether it ends here
     */
    record Run(Origin origin, Split split, int firstPiece, int pieces, boolean first, boolean last) {}
}
