package ai.spattention.train;

import java.nio.file.Path;

/** What others recorded of a small model, and the model: golden.py there made it. */
public final class Golden {

    /** The golden files of olmoe-djl's tests. */
    public static final Path FOLDER = Path.of("..", "olmoe-djl", "src", "test", "resources", "ai", "spattention", "olmoe", "golden");

    private Golden() {}
}
