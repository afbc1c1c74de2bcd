package ai.spattention.eval.data;

import java.nio.file.Path;
import java.util.Map;

/**
 * A row of a data set.
 *
 * @param file the file it came from
 * @param number its number in that file, from 1 on; in a text file the number of its line
 * @param fields its fields by name: text, numbers, booleans, null, lists and maps of such
 */
public record Row(Path file, long number, Map<String, Object> fields) {

    /**
     * The row's place, for messages.
     *
     * @return file and row
     */
    public String where() {
        return file + " row " + number;
    }
}
