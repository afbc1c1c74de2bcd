package ai.spattention.train.study.config;

import ai.spattention.train.config.RunConfig;
import java.nio.file.Path;

/**
 * A run that a study asks for.
 *
 * @param part the part's name
 * @param arm the arm's name
 * @param seed the seed of weights and order of data
 * @param config the run's configuration
 * @param digest SHA-256 of what its numbers depend on of the configuration, in hexadecimal digits: all but names, folders and the device
 */
public record PlannedRun(String part, String arm, long seed, RunConfig config, String digest) {

    /** The run among the others, for people. */
    public String name() {
        return part + " " + arm + " seed " + seed;
    }

    /**
     * The run's folder.
     *
     * @param study the study's folder
     * @return the folder in it
     */
    public Path folder(Path study) {
        return study.resolve("runs").resolve(part).resolve(arm).resolve("seed-" + seed);
    }
}
