package ai.spattention.train.cli.session;

import ai.djl.Device;
import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.io.OwnFiles;
import ai.spattention.train.cli.option.Outputs;
import ai.spattention.train.config.ConfigSource;
import ai.spattention.train.data.DataVerification;
import ai.spattention.train.data.HeldOutSet;
import ai.spattention.train.data.PreparedData;
import ai.spattention.train.data.Split;
import ai.spattention.train.data.TokenSequences;
import ai.spattention.train.loop.HostMemory;
import ai.spattention.train.loop.StopSignal;
import ai.spattention.train.loop.periodic.TextProbes;
import ai.spattention.train.loop.setup.ModelSetup;
import ai.spattention.train.machine.GpuName;
import ai.spattention.train.machine.Versions;
import ai.spattention.train.study.config.PlannedRun;
import ai.spattention.train.study.config.StudyConfig;
import ai.spattention.train.study.config.StudyConfigReader;
import ai.spattention.train.study.config.StudyPlan;
import ai.spattention.train.study.page.StudyPage;
import ai.spattention.train.study.result.ResultFiles;
import ai.spattention.train.study.result.RunResult;
import ai.spattention.train.study.result.RunTable;
import ai.spattention.train.study.result.StudyPart;
import ai.spattention.train.study.result.StudyResult;
import ai.spattention.train.study.run.RunExecutor;
import ai.spattention.train.study.run.Study;
import ai.spattention.train.study.run.StudyFolder;
import ai.spattention.train.study.run.TrainingExecutor;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/** A study from the command line, everything checked that can be before the first run. */
public final class StudySession {

    private final ConfigSource source;
    private final StudyPlan plan;
    private final Path output;
    private final Optional<String> part;
    private final PreparedData data;
    private final List<String> sets;

    /** Prepared data that the runs learn from. */
    public Path data() {
        return data.folder();
    }

    private StudySession(ConfigSource source, StudyPlan plan, Path output, Optional<String> part, PreparedData data, List<String> sets) {
        this.source = source;
        this.plan = plan;
        this.output = output;
        this.part = part;
        this.data = data;
        this.sets = sets;
    }

    /**
     * Reads and checks a study.
     *
     * @param source its configuration
     * @param output its folder
     * @param data prepared data in the place of the configuration's
     * @param part the only part to do
     * @throws InvalidInputException if something is not allowed, the data does not fit or the folder holds something else
     */
    public static StudySession prepare(ConfigSource source, Path output, Optional<Path> data, Optional<String> part) throws IOException {
        StudyConfig study = StudyConfigReader.read(source);
        study = data.map(Path::toString).map(study::withData).orElse(study);
        StudyPlan plan = StudyPlan.of(source, study);
        List<String> parts = study.parts().stream().map(each -> each.name()).toList();
        if (part.isPresent() && !parts.contains(part.get())) {
            throw new InvalidInputException("--only must name one of the parts " + String.join(", ", parts) + " (got '" + part.get() + "')");
        }
        StudyFolder.requireFits(output, study);
        PreparedData prepared = PreparedData.open(Path.of(study.data()));
        new Outputs().reads("data", prepared.folder()).writesFolder("--output", output);
        List<String> sets = sets(source, study, HeldOutSet.measured(prepared, Map.of(), plan.trainingLength()).stream().map(HeldOutSet::name)
                .toList());
        for (PlannedRun run : plan.timings(source, 1)) {
            if (!run.config().data().validationPath().byName().isEmpty()) { // no digest would tell what was measured
                throw new InvalidInputException(source + ": arm '" + run.arm() + "': a study measures the held-out sets of its own data, without"
                        + " data.validation_path: prepare them with the data, --validation NAME=INPUT");
            }
            ModelSetup.requireVocabulary(run.config(), prepared.manifest());
            TextProbes.check(run.config(), prepared);
        }
        requireEnough(source, plan, prepared);
        return new StudySession(source, plan, output, part, prepared, sets);
    }

    private static List<String> sets(ConfigSource source, StudyConfig study, List<String> known) {
        if (known.isEmpty()) {
            throw new InvalidInputException("the data in " + study.data() + " holds nothing out of a sequence or more, and losses on text that"
                    + " was learnt from decide nothing: prepare it with --validation INPUT or a larger --validation-fraction");
        }
        for (String set : study.heldOut()) {
            if (!known.contains(set)) {
                throw new InvalidInputException(source + ": held_out must be of the data's held-out sets of at least a sequence, "
                        + String.join(", ", known) + " (got '" + set + "')");
            }
        }
        return study.heldOut().isEmpty() ? known : study.heldOut();
    }

    private static void requireEnough(ConfigSource source, StudyPlan plan, PreparedData data) throws IOException {
        try (TokenSequences sequences = data.sequences(Split.TRAIN, plan.trainingLength())) {
            if (sequences.count() < plan.mostSequences()) {
                throw new InvalidInputException(source + ": the training data holds " + sequences.count() + " sequences of " + plan.trainingLength()
                        + " tokens, the study's longest runs learn from " + plan.mostSequences() + ", none of them twice: prepare more text, or"
                        + " lower the parts' steps");
            }
        }
    }

    /** Writes what follows from the finished runs. */
    public void report(PrintWriter out) throws IOException {
        if (!Files.isDirectory(output)) {
            throw new InvalidInputException("there is no study in " + output + ": do its runs first, without --report");
        }
        try (StudyFolder folder = StudyFolder.open(output, plan.study())) {
            write(finished(folder).values());
        }
        tell(out);
    }

    /** Makes sure that the runs fit the machine, one at a time on each device, and the data are as they were prepared. */
    public void check(List<Device> devices) throws IOException {
        for (PlannedRun run : plan.timings(source, 1)) {
            devices.forEach(device -> HostMemory.require(run.config(), device, 1, devices.size()));
        }
        DataVerification.verify(data);
    }

    /** Which of the data's held-out sets are not measured, though the study names none: a line each. */
    public List<String> leftOut() throws IOException {
        List<String> lines = new ArrayList<>();
        if (plan.study().heldOut().isEmpty()) {
            for (HeldOutSet set : HeldOutSet.of(data, Map.of())) {
                if (!sets.contains(set.name())) {
                    lines.add("the held-out set '" + set.name() + "' is left out: it holds no sequence of " + plan.trainingLength()
                            + " tokens and the token after it");
                }
            }
        }
        return lines;
    }

    /** Does the runs in this process; the exit code. */
    public int run(Device device, Optional<Duration> time, PrintWriter out) throws IOException {
        try (StopSignal stop = StopSignal.watch()) {
            return run(List.of(new TrainingExecutor(data, device)), time, stop, out);
        }
    }

    /** Has workers do the runs; the exit code. */
    public int run(StudyWorkers workers, Optional<Duration> time, PrintWriter out) throws IOException {
        return workers.exitCode(run(workers.executors(), time, workers, out));
    }

    private int run(List<? extends RunExecutor> executors, Optional<Duration> time, BooleanSupplier stop, PrintWriter out) throws IOException {
        try (StudyFolder folder = StudyFolder.open(output, plan.study())) {
            Study study = study(folder);
            Study.Outcome outcome = study.run(executors, new Study.Until(part, time, stop), () -> {
                try {
                    write(study.finished().values());
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
            Map<PlannedRun, RunResult> finished = study.finished();
            if (!finished.isEmpty()) {
                write(finished.values());
                tell(out);
            }
            if (outcome.left() > 0) {
                note(outcome.left() + " runs are left: go on with the same command");
            }
            return outcome.failures().isEmpty() ? 0 : 1;
        }
    }

    private Map<PlannedRun, RunResult> finished(StudyFolder folder) throws IOException {
        Map<PlannedRun, RunResult> finished = study(folder).finished();
        if (finished.isEmpty()) {
            throw new InvalidInputException("no run of the study in " + output + " is finished: there is nothing to report");
        }
        return finished;
    }

    private Study study(StudyFolder folder) {
        return new Study(plan, folder, data.manifest().fingerprint(), StudySession::note);
    }

    /** Tells a person, as a study's workers do. */
    static void note(String line) {
        System.err.println(line);
    }

    private void write(Collection<RunResult> runs) throws IOException {
        StudyConfig study = plan.study();
        String device = runs.stream().map(RunResult::device).distinct().reduce((a, b) -> a + ", " + b).orElse("");
        Map<String, String> versions = Versions.all();
        StudyResult result = new StudyResult(StudyResult.VERSION, study.name(), study.text(), plan.arms(), study.reference(), study.margin(),
                plan.parts(), sets, study.probes(), plan.trainingLength(), study.speedUps(),
                study.deviations(), Map.of(study.data(), data.manifest().fingerprint()),
                versions.getOrDefault("commit", versions.get("spattention")), device, List.copyOf(runs));
        ResultFiles.write(output.resolve(StudyResult.FILE_NAME), result);
        RunTable.write(output.resolve(RunTable.FILE_NAME), result);
        StudyPage.write(output.resolve(StudyPage.FILE_NAME), result);
    }

    private void tell(PrintWriter out) {
        out.println("results: " + output.resolve(StudyResult.FILE_NAME));
        out.println("runs:    " + output.resolve(RunTable.FILE_NAME));
        out.println("page:    " + output.resolve(StudyPage.FILE_NAME));
        out.flush();
    }

    /** Times a few steps of each arm and tells how long the study takes. */
    public void time(List<Device> devices, int steps, PrintWriter out) throws IOException {
        Device device = devices.get(0);
        TrainingExecutor executor = new TrainingExecutor(data, device);
        Map<String, TrainingExecutor.Pace> paces = new LinkedHashMap<>();
        List<PlannedRun> timings = plan.timings(source, steps);
        for (PlannedRun run : timings) {
            note("timing " + steps + " steps of " + run.arm() + " on " + GpuName.orType(device));
            Path scratch = Files.createTempDirectory("spattn-study");
            try {
                paces.put(run.arm(), executor.time(run, scratch, steps));
            } finally {
                OwnFiles.deleteTree(scratch);
            }
        }
        out.printf(Locale.ROOT, "%-12s %12s %14s", "arm", "ms a step", "once, seconds");
        for (StudyPart each : plan.parts()) {
            out.printf(Locale.ROOT, " %20s", each.name() + ", minutes");
        }
        out.println();
        double all = 0;
        for (Map.Entry<String, TrainingExecutor.Pace> pace : paces.entrySet()) {
            out.printf(Locale.ROOT, "%-12s %12.1f %14.1f", pace.getKey(), 1000 * pace.getValue().secondsPerStep(), pace.getValue().secondsOnce());
            for (StudyPart each : plan.parts()) {
                int runs = each.arms().contains(pace.getKey()) ? each.seeds().size() : 0;
                double minutes = runs * pace.getValue().seconds(each.steps()) / 60;
                all += part.isPresent() && !part.get().equals(each.name()) ? 0 : minutes;
                out.printf(Locale.ROOT, " %20s", runs == 0 ? "-" : String.format(Locale.ROOT, "%d x = %.1f", runs, minutes));
            }
            out.println();
        }
        List<String> places = new ArrayList<>();
        devices.forEach(each -> places.add(GpuName.orType(each)));
        out.printf(Locale.ROOT, "all together about %.0f minutes on %s%n", Math.ceil(all / devices.size()), String.join(" and ", places));
        out.flush();
    }
}
