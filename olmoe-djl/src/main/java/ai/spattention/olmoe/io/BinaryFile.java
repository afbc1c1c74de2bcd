package ai.spattention.olmoe.io;

import ai.spattention.common.InvalidInputException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/** Parquet files and Arrow streams, before libraries open them that do not say what else a file may be. */
public final class BinaryFile {

    private static final int HEAD = 64;
    private static final byte[] PARQUET = {'P', 'A', 'R', '1'};

    private BinaryFile() {}

    /**
     * Requires that a file holds what its name says, as far as its beginning shows.
     *
     * @param file a file whose name says Parquet or Arrow
     * @throws InvalidInputException if it is something else, or no regular file
     * @throws IOException if it cannot be read
     */
    public static void require(Path file) throws IOException {
        RegularFile.requireIfThere(file);
        byte[] head;
        try (InputStream in = Files.newInputStream(file)) {
            head = in.readNBytes(HEAD);
        }
        boolean parquet = FileFormat.of(file).content() == FileFormat.Content.PARQUET;
        boolean right = parquet ? head.length >= 4 && Arrays.equals(head, 0, 4, PARQUET, 0, 4)
                : Signature.of(head).filter(found -> found != Signature.ARROW_STREAM).isEmpty();
        if (!right) {
            throw new InvalidInputException(file + (parquet ? " is not a Parquet file that can be read: "
                    : " cannot be read as an Arrow stream: ") + (head.length == 0 ? "it is empty" : "it holds "
                    + Signature.of(head).map(found -> found.meaning).orElse("something else")));
        }
    }
}
