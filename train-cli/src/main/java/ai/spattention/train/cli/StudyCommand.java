package ai.spattention.train.cli;

import ai.djl.Device;
import ai.spattention.common.InvalidInputException;
import ai.spattention.train.cli.option.DevicesOption;
import ai.spattention.train.cli.session.StudySession;
import ai.spattention.train.cli.session.StudyWorkers;
import ai.spattention.train.config.ConfigSource;
import ai.spattention.train.config.DeviceRequest;
import ai.spattention.train.machine.JavaCommand;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Compares models by training each with several seeds. */
@Command(name = "study", mixinStandardHelpOptions = true, description = {
    "Train several models with several seeds each, probe them, and say what their differences are worth.",
    "The output folder gets study.json (all that was measured), runs.csv and study.html. A stopped or killed study goes on where it was."})
final class StudyCommand implements Callable<Integer> {

    private static final int TIMED_STEPS = 20;

    @Option(names = "--config", required = true, paramLabel = "FILE", description = "The study (YAML), such as config/study-laptop.yaml.")
    private Path config;

    @Option(names = "--output", required = true, paramLabel = "DIR", description = "The study's folder, new or of the same study.")
    private Path output;

    @Option(names = "--shards", paramLabel = "DIR", description = "Prepared data (default: the study's).")
    private Path data;

    @Mixin
    private DevicesOption devices;

    @Option(names = "--minutes", paramLabel = "M", description = "After M minutes no further run begins.")
    private Double minutes;

    @Option(names = "--only", paramLabel = "PART", description = "Do the runs of this part only.")
    private String part;

    @Option(names = "--report", description = "Train nothing: write study.json, runs.csv and study.html of the runs that are finished.")
    private boolean report;

    @Option(names = "--dry-run", description = "Check everything, time 20 steps of each arm and tell how long all takes; keeps nothing.")
    private boolean dryRun;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        if (minutes != null && !(minutes > 0)) {
            throw new InvalidInputException("--minutes must be above 0 (got " + minutes + ")");
        }
        if (report && dryRun) {
            throw new InvalidInputException("--report and --dry-run exclude each other: give one");
        }
        StudySession session = StudySession.prepare(ConfigSource.file(config), output, Optional.ofNullable(data), Optional.ofNullable(part));
        if (report) {
            session.report(spec.commandLine().getOut());
            return 0;
        }
        List<Device> where = found();
        session.check(where);
        session.leftOut().forEach(spec.commandLine().getErr()::println);
        PrintWriter out = spec.commandLine().getOut();
        if (dryRun) {
            session.time(where, TIMED_STEPS, out);
            return 0;
        }
        Optional<Duration> time = Optional.ofNullable(minutes).map(value -> Duration.ofMillis((long) (value * 60_000)));
        if (where.size() == 1) {
            return session.run(where.get(0), time, out);
        }
        try (StudyWorkers workers = StudyWorkers.on(where, JavaCommand.of(Main.class), session.data())) {
            return session.run(workers, time, out);
        }
    }

    private List<Device> found() {
        List<Device> found = devices.devices();
        if (new HashSet<>(found).size() < found.size()) {
            throw new InvalidInputException("--devices must name different ones, for each does a run of its own (got "
                    + found.stream().map(DeviceRequest::nameOf).collect(Collectors.joining(", ")) + ")");
        }
        return found;
    }
}
