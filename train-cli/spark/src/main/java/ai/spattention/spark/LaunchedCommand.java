package ai.spattention.spark;

import java.io.Serializable;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A command of {@code spattn} that runs in several processes, and how a training goes on when it is started again: as under {@code spattn launch}.
 *
 * @param arguments what follows {@code spattn}
 */
record LaunchedCommand(List<String> arguments) implements Serializable {

    private static final String RESUME = "--resume";
    private static final String OUTPUT = "--output";

    /** Whether a later start finds what an earlier one has done; one that trains nothing begins anew. */
    boolean isResumable() {
        return !isTraining() || output().isPresent();
    }

    private boolean isTraining() {
        return arguments.get(0).equals("train");
    }

    /**
     * The command with which it goes on. To be asked on a machine that sees the run's folder, before any of its processes has started: a training
     * that began with a model ({@code --from}) goes on with its own configuration, which names that model, once it has written one.
     */
    List<String> resumed() {
        if (!isTraining() || arguments.contains(RESUME)) {
            return arguments;
        }
        List<String> left = without(arguments, "--from");
        if (left.size() < arguments.size()) {
            if (output().filter(folder -> Files.exists(Path.of(folder, "config.yaml"))).isEmpty()) {
                return arguments;
            }
            left = without(left, "--config");
        }
        left.add(RESUME);
        return left;
    }

    private Optional<String> output() {
        for (int i = 0; i < arguments.size(); i++) {
            if (arguments.get(i).startsWith(OUTPUT + "=")) {
                return Optional.of(arguments.get(i).substring(OUTPUT.length() + 1));
            } else if (arguments.get(i).equals(OUTPUT) && i + 1 < arguments.size()) {
                return Optional.of(arguments.get(i + 1));
            }
        }
        return Optional.empty();
    }

    private static List<String> without(List<String> arguments, String option) {
        List<String> left = new ArrayList<>();
        for (int i = 0; i < arguments.size(); i++) {
            if (arguments.get(i).equals(option)) {
                i++; // and its value
            } else if (!arguments.get(i).startsWith(option + "=")) {
                left.add(arguments.get(i));
            }
        }
        return left;
    }
}
