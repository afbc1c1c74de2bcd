package ai.spattention.train;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A few rows of two benchmark tasks: one of choices (piqa, with splits validation and train) and one of whole texts (wikitext). */
public final class TaskData {

    private static final String PIQA = "{\"goal\":\"%s it\",\"sol1\":\"pull\",\"sol2\":\"push it\",\"label\":%d}\n";

    private TaskData() {}

    /** Writes the rows. */
    public static Path write(Path folder) throws IOException {
        put(folder.resolve("piqa/validation.jsonl"), PIQA.formatted("Open", 0) + PIQA.formatted("Close", 1)
                + PIQA.formatted("Turn", 1));
        put(folder.resolve("piqa/train.jsonl"), PIQA.formatted("Hold", 0) + PIQA.formatted("Drop", 1));
        put(folder.resolve("wikitext/test.jsonl"), "{\"page\":\"public static int size() { return this.size; }\"}\n");
        return folder;
    }

    /** Writes a file and the folders above it. */
    public static void put(Path file, String text) throws IOException {
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
    }
}
