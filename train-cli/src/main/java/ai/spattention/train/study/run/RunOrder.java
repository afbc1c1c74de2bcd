package ai.spattention.train.study.run;

import ai.spattention.olmoe.io.StrictJson;
import ai.spattention.train.config.ConfigSource;
import ai.spattention.train.config.RunConfigLoader;
import ai.spattention.train.study.config.PlannedRun;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * A run that a worker is to do, a line of JSON. Its configuration is in its folder already.
 *
 * @param part the part's name
 * @param arm the arm's name
 * @param seed its seed
 * @param digest that of its configuration
 * @param folder its folder
 */
record RunOrder(String part, String arm, long seed, String digest, String folder) {

    private static final ObjectMapper JSON = StrictJson.ofRecords().build();

    static RunOrder of(PlannedRun run, Path folder) {
        return new RunOrder(run.part(), run.arm(), run.seed(), run.digest(), folder.toAbsolutePath().toString());
    }

    static RunOrder read(String line) throws IOException {
        return JSON.readValue(line, RunOrder.class);
    }

    Path path() {
        return Path.of(folder);
    }

    PlannedRun run() {
        return new PlannedRun(part, arm, seed, RunConfigLoader.load(ConfigSource.file(path().resolve(StudyFolder.RUN_CONFIG)), List.of()), digest);
    }

    String line() {
        return JSON.valueToTree(this).toString();
    }
}
