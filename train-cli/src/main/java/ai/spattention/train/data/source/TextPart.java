package ai.spattention.train.data.source;

/**
 * A piece of a document, as much as is encoded at once. Almost every document is one part.
 *
 * @param id the document's id: the record's own, else its place
 * @param line the document's line or row in its file, from 1 on
 * @param text the text
 * @param first whether the document begins here
 * @param last whether the document ends here
 */
public record TextPart(String id, long line, String text, boolean first, boolean last) {

    /**
     * Whether this is a document without anything to learn from.
     *
     * @return true for a whole document of white space
     */
    public boolean isEmptyDocument() {
        return first && last && text.isBlank();
    }
}
