package ai.spattention.train.data.source;

import java.io.Closeable;
import java.io.IOException;
import java.util.Optional;

/** Reads the documents of one file in their order. Not for use by several threads. */
public interface PartReader extends Closeable {

    /**
     * Reads on.
     *
     * @return the next part, or empty at the end of the file
     * @throws ai.spattention.common.InvalidInputException if the content is not what the file's name promises; the message names the
     *     file and the line
     * @throws IOException if reading fails
     */
    Optional<TextPart> next() throws IOException;

    /**
     * How much of the file has been read.
     *
     * @return bytes of the file as it lies on disk, in [0, its size]
     */
    long bytesRead();
}
