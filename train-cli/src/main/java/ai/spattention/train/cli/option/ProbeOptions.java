package ai.spattention.train.cli.option;

import ai.spattention.common.InvalidInputException;
import ai.spattention.eval.probe.ProbeName;
import ai.spattention.eval.probe.ProbeSettings;
import java.util.List;
import java.util.Set;
import picocli.CommandLine.Option;

/** The options of probes. */
public final class ProbeOptions {

    @Option(names = "--probes", split = ",", paramLabel = "PROBE", description = "Probe --shards, --text and --task in place of scoring them: loss, position, recall, copy, length, tasks, or all, separated by commas.")
    private List<String> names = List.of();

    @Option(names = "--probe-set", paramLabel = "KEY=VALUE", description = "A setting of the probes, for example copy.sequences=16. Repeatable.")
    private List<String> settings = List.of();

    @Option(names = "--document-mask", description = "Probes keep attention within a document where several share a window, as data.document_mask does in training.")
    private boolean documentMask;

    /** Whether anything is to be probed. */
    public boolean isAsked() {
        return !names.isEmpty();
    }

    /** The probes; with {@code all} those of tasks, too, if there are any. */
    public Set<ProbeName> probes(boolean hasTasks, boolean hasTexts) {
        Set<ProbeName> probes = ProbeName.parse(names);
        if (names.contains(ProbeName.ALL)) {
            if (hasTasks) {
                probes.add(ProbeName.TASKS);
            }
            if (!hasTexts) {
                probes.retainAll(Set.of(ProbeName.TASKS));
            }
        }
        boolean ofTasks = probes.contains(ProbeName.TASKS);
        require(ofTasks == hasTasks, ofTasks ? "the probe tasks needs --task with --data" : "with --probes, --task needs the probe tasks");
        boolean ofTexts = probes.size() > (ofTasks ? 1 : 0);
        require(ofTexts == hasTexts, ofTexts ? "these probes need a text: --shards, or --text"
                : "with --probes, --shards and --text need one of the probes loss, position, recall, copy and length");
        return probes;
    }

    public ProbeSettings settings() {
        return ProbeSettings.of(settings);
    }

    public boolean documentMask() {
        return documentMask;
    }

    /** Refuses settings without probes. */
    public void check() {
        require(isAsked() || settings.isEmpty() && !documentMask, "--probe-set and --document-mask are for --probes: name the probes");
    }

    private static void require(boolean holds, String message) {
        if (!holds) {
            throw new InvalidInputException(message);
        }
    }
}
