package ai.spattention.train.cli.session;

import ai.djl.Device;
import ai.spattention.train.config.RunConfig;
import ai.spattention.train.distributed.Collectives;
import ai.spattention.train.distributed.SingleProcess;
import ai.spattention.train.distributed.WorkerIdentity;
import ai.spattention.train.distributed.Workers;
import ai.spattention.train.machine.Versions;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.function.Consumer;

/**
 * The processes that whatever launched this one has started, by the variables that it left.
 *
 * @param environment this process's environment
 * @param console gets the line that says that others did not come
 */
public record LaunchedProcesses(Map<String, String> environment, Consumer<String> console) implements Processes {

    @Override
    public WorkerIdentity identity() {
        return WorkerIdentity.of(environment);
    }

    @Override
    public Collectives join(RunConfig config, Device device, Path folder) throws IOException {
        WorkerIdentity identity = identity();
        if (identity.size() == 1) {
            return new SingleProcess();
        }
        RunLikeness likeness = RunLikeness.of(config);
        return new Workers(identity, config.distributed().backend(), Duration.ofSeconds(config.distributed().timeoutSeconds()), folder, console,
                environment).meet(device, Versions.alike(), likeness.settings(), likeness.data());
    }
}
