package ai.spattention.train.config;

import java.nio.file.Files;
import java.nio.file.Path;

/** Folders of models in Hugging Face's format, by themselves or in those of runs. */
public final class ModelFolder {

    /** Where a run that has ended leaves its model, in its own folder. */
    public static final String IN_RUN = "model";

    private ModelFolder() {}

    /**
     * The model's folder that a folder means.
     *
     * @param folder a model's folder, or that of a run
     * @return of a run that has ended, the model's; else the folder itself
     */
    public static Path of(Path folder) {
        Path own = folder.resolve(IN_RUN);
        return !isModel(folder) && isModel(own) ? own : folder;
    }

    /**
     * Whether a folder holds a model.
     *
     * @param folder any folder
     * @return whether there is a {@code config.json}
     */
    public static boolean isModel(Path folder) {
        return Files.isRegularFile(folder.resolve("config.json"));
    }
}
