package ai.spattention.train.cli.session;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import ai.spattention.common.InvalidInputException;
import ai.spattention.eval.score.LogLikelihoods;
import ai.spattention.eval.session.ScoringSettings;
import ai.spattention.olmoe.config.OlmoeConfig;
import ai.spattention.olmoe.io.Resources;
import ai.spattention.olmoe.model.OlmoeModel;
import ai.spattention.train.cli.option.ModelOptions;
import ai.spattention.train.machine.GpuName;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;

/** One model, loaded once for each device. */
final class EvalModels implements AutoCloseable {

    private final Resources resources = new Resources();
    private final List<Copy> copies = new ArrayList<>();

    /** The model on one device, and a manager there. */
    record Copy(OlmoeModel model, NDManager manager) {}

    private EvalModels() {}

    static EvalModels load(ModelOptions options, List<Device> devices) throws IOException {
        requireOneKind(devices);
        EvalModels models = new EvalModels();
        try {
            for (Device device : devices) {
                NDManager manager = models.resources.add(NDManager.newBaseManager(device, "PyTorch"));
                models.copies.add(new Copy(options.load(manager, UnaryOperator.identity()), manager));
            }
            return models;
        } catch (Throwable e) {
            models.resources.closeAfter(e);
            throw e;
        }
    }

    private static void requireOneKind(List<Device> devices) {
        List<String> kinds = devices.size() == 1 ? List.of() : devices.stream().map(GpuName::orType).distinct().toList();
        if (kinds.size() > 1) {
            throw new InvalidInputException("--devices must be of one kind, for the last digits of scores depend on it (got "
                    + String.join(" and ", kinds) + ")");
        }
    }

    OlmoeConfig config() {
        return first().model().getConfig();
    }

    /** The first copy, for what one device does alone. */
    Copy first() {
        return copies.get(0);
    }

    List<LogLikelihoods> scorers(ScoringSettings settings) {
        return copies.stream().map(copy -> new LogLikelihoods(copy.model(), copy.manager(), settings.batchTokens(), settings.prefixReuse()))
                .toList();
    }

    @Override
    public void close() throws IOException {
        resources.close();
    }
}
