package ai.spattention.eval.data;

/**
 * The name of a data set on the Hugging Face hub.
 *
 * @param path its repository, for example {@code allenai/ai2_arc}
 * @param name its configuration, for example {@code ARC-Easy}; null for a set that has only one
 */
public record DataSource(String path, String name) {

    /** The repository's name without its owner. */
    String shortName() {
        return path.substring(path.lastIndexOf('/') + 1);
    }
}
