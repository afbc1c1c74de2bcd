package ai.spattention.train.cli.session;

import ai.spattention.olmoe.io.Sha256;
import ai.spattention.train.config.RunConfig;
import ai.spattention.train.config.RunConfigWriter;
import ai.spattention.train.data.HeldOutSet;
import ai.spattention.train.data.PreparedData;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * What all processes of a run must have alike.
 *
 * @param settings all settings but the folders in which things lie, which may be others on another machine
 * @param data a digest of what is learned from, and of the held-out sets
 */
public record RunLikeness(Map<String, String> settings, String data) {

    private static final Set<String> FOLDERS = Set.of("from", "data.path", "data.validation_path", "evaluation.data");

    /** Copies the settings. */
    public RunLikeness {
        settings = Map.copyOf(settings);
    }

    /**
     * Computes both.
     *
     * @param config the run's configuration
     * @return what must be alike
     * @throws ai.spattention.common.InvalidInputException if its data cannot be used
     * @throws IOException if its data cannot be read
     */
    public static RunLikeness of(RunConfig config) throws IOException {
        Map<String, String> settings = new HashMap<>(RunConfigWriter.settings(config));
        settings.keySet().removeAll(FOLDERS);
        Map<String, String> data = new TreeMap<>();
        PreparedData training = PreparedData.open(Path.of(config.data().path()));
        data.put("", training.manifest().fingerprint());
        for (HeldOutSet set : HeldOutSet.of(training, config.data().validationPath().byName())) {
            data.put(set.name() + " " + set.split().name(), set.data().manifest().fingerprint());
        }
        return new RunLikeness(settings, Sha256.of(data.toString()));
    }
}
