package ai.spattention.eval.data;

import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.io.Sha256;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A split of a data set: its name and the files that hold it, in order.
 *
 * @param name the split, for example {@code validation}
 * @param files at least one file
 */
public record DataSplit(String name, List<Path> files) {

    /**
     * Reads all rows.
     *
     * @return the rows, at least one, in the order of the files
     * @throws InvalidInputException if a file is damaged, or there is no row
     * @throws IOException if reading fails otherwise
     */
    public List<Row> rows() throws IOException {
        List<Row> rows = new ArrayList<>();
        for (Path file : files) {
            RowFile.read(file, "the data file", rows::add);
        }
        if (rows.isEmpty()) {
            throw new InvalidInputException(files.get(0) + " has no rows: the split '" + name + "' needs at least one");
        }
        return rows;
    }

    /**
     * What the files hold, for comparison of results.
     *
     * @return the SHA-256 over all files' bytes, in order, in lower-case hexadecimal
     * @throws IOException if reading fails
     */
    public String digest() throws IOException {
        return Sha256.of(files);
    }
}
