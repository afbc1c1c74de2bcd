package ai.spattention.train.info;

import ai.spattention.common.InvalidInputException;
import ai.spattention.train.data.Manifest;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Tells what a folder holds by the file that each kind of folder has. */
public final class FolderInfo {

    private FolderInfo() {}

    /**
     * Describes a folder.
     *
     * @param folder a model, a run or prepared data
     * @param verify whether to read prepared data whole and to compare its digests
     * @return the description; its first key, {@code kind}, is model, run or data
     * @throws InvalidInputException if it is none of these, is damaged, or cannot be verified
     * @throws IOException if reading fails
     */
    public static ObjectNode of(Path folder, boolean verify) throws IOException {
        boolean model = has(folder, "config.json");
        boolean run = has(folder, RunInfo.CONFIG);
        if (verify && (model || run)) {
            throw new InvalidInputException(folder + " is a " + (model ? "model" : "run")
                    + ": --verify recomputes the digests of prepared data only");
        }
        if (model) {
            return ModelInfo.of(folder);
        }
        if (run) {
            return RunInfo.of(folder);
        }
        if (has(folder, Manifest.FILE) && !has(folder, "state.json")) {
            return DataInfo.of(folder, verify);
        }
        throw new InvalidInputException(whatElse(folder));
    }

    private static boolean has(Path folder, String file) {
        return Files.isRegularFile(folder.resolve(file));
    }

    private static String whatElse(Path path) {
        if (!Files.exists(path)) {
            return "there is no folder " + path;
        }
        if (!Files.isDirectory(path)) {
            return path + " is a file: name a folder";
        }
        if (!Files.isReadable(path) || !Files.isExecutable(path)) {
            return path + " cannot be read: you have no permission";
        }
        if (has(path, "state.json")) {
            return path + " is a checkpoint: name the run's folder, or the model in it";
        }
        return path + " is no model (it has no config.json), no run (no " + RunInfo.CONFIG + ") and no prepared data (no "
                + Manifest.FILE + ")";
    }
}
