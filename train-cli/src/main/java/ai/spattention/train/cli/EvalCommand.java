package ai.spattention.train.cli;

import ai.spattention.common.InvalidInputException;
import ai.spattention.eval.Limit;
import ai.spattention.eval.RequestFile;
import ai.spattention.eval.data.DataFolder;
import ai.spattention.eval.probe.ProbeName;
import ai.spattention.eval.probe.ProbeRun;
import ai.spattention.eval.report.Comparison;
import ai.spattention.eval.report.ResultFile;
import ai.spattention.eval.report.Table;
import ai.spattention.eval.report.TaskResult;
import ai.spattention.eval.score.JournalParts;
import ai.spattention.eval.score.Part;
import ai.spattention.eval.session.ScoringSettings;
import ai.spattention.eval.task.TaskCatalog;
import ai.spattention.eval.task.TaskGroup;
import ai.spattention.olmoe.io.FolderLock;
import ai.spattention.olmoe.io.OutputFile;
import ai.spattention.train.cli.option.DevicesOption;
import ai.spattention.train.cli.option.ModelOptions;
import ai.spattention.train.cli.option.Outputs;
import ai.spattention.train.cli.option.ProbeOptions;
import ai.spattention.train.cli.session.EvalSession;
import ai.spattention.train.cli.session.EvalSettings;
import ai.spattention.train.data.PreparedData;
import ai.spattention.train.data.Split;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** Scores a model on benchmark tasks, on text, or on ready requests; compares scores. */
@Command(name = "eval", mixinStandardHelpOptions = true, description = {
    "Score a model on benchmark tasks, on text or on ready requests, as lm-evaluation-harness does, or compare scores.",
    "'spattn tasks' lists the tasks and the data that they need."})
final class EvalCommand implements Callable<Integer> {

    @ArgGroup(exclusive = false)
    private ModelOptions model;

    @Mixin
    private DevicesOption devices;

    @Mixin
    private ProbeOptions probing;

    @Option(names = "--task", split = ",", paramLabel = "TASK", description = "Tasks or groups (see 'spattn tasks'), or YAML files of your own, separated by commas.")
    private List<String> tasks = List.of();

    @Option(names = "--data", paramLabel = "DIR", description = "A folder with TASK/SPLIT.jsonl, or Parquet or Arrow files as the Hugging Face hub and its cache hold them.")
    private Path data;

    @Option(names = "--text", paramLabel = "FILE", description = "Score a text as a whole: plain, or a row each with a field 'text' (.jsonl, .json, .ndjson, .parquet, .arrow); also .gz, .zst.")
    private List<Path> texts = List.of();

    @Option(names = "--shards", paramLabel = "DIR", description = "Loss on a split of prepared data.")
    private Path shards;

    @Option(names = "--split", defaultValue = "validation", paramLabel = "NAME", description = "The split of --shards: train, validation or the name of a held-out set (default: ${DEFAULT-VALUE}).")
    private String split;

    @Option(names = "--requests", paramLabel = "FILE", description = "Answer ready requests in OLMo's format, a JSON line each (.jsonl, .json, .ndjson; also .gz, .zst).")
    private Path requests;

    @Option(names = "--compare", arity = "1..*", paramLabel = "FILE", description = "Compare result files; writes Markdown and HTML.")
    private List<Path> compare = List.of();

    @Option(names = "--output", paramLabel = "FILE", description = "Where results go as JSON, besides the table that is printed (default: nowhere; with --compare: FILE.md and FILE.html, default: comparison beside the first file).")
    private Path output;

    @Option(names = "--overwrite", description = "Replace an --output or --samples file that exists.")
    private boolean overwrite;

    @Option(names = "--json", description = "Print the results as --output has them, in place of the table.")
    private boolean json;

    @Option(names = "--samples", paramLabel = "FILE", description = "Also write every request with its log-likelihood, a JSON line each.")
    private Path samples;

    @Option(names = "--limit", paramLabel = "K", description = "Score the first K rows of a task, text or shards only, or the first K requests; below 1, that fraction of them.")
    private Double limit;

    @Option(names = "--shots", defaultValue = "0", paramLabel = "N", description = "Examples before each question (default: ${DEFAULT-VALUE}).")
    private int shots;

    @Option(names = "--batch-tokens", defaultValue = "4096", paramLabel = "T", description = "Tokens that go through the model together at most; 1 takes one request at a time (default: ${DEFAULT-VALUE}).")
    private long batchTokens;

    @Option(names = "--max-length", paramLabel = "N", description = "Tokens that the model reads at most (default: the model's).")
    private Integer maxLength;

    @Option(names = "--no-prefix-reuse", negatable = false, description = "Compute every request for itself: what the choices of a question share is not read once.")
    private boolean noPrefixReuse;

    @Option(names = "--resume", description = "Go on where a run with this --output was killed.")
    private boolean resume;

    @Option(names = "--part", paramLabel = "I/N", converter = PartConverter.class, description = "Compute this part of N only, on this machine, and keep its scores beside --output for --merge.")
    private Part part;

    @Option(names = "--merge", description = "Compute nothing: make the results of the scores that all parts have left beside --output.")
    private boolean merge;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        if (!compare.isEmpty()) {
            compare();
            return 0;
        }
        check();
        if (part != null && resume && Files.exists(settings().written())) {
            spec.commandLine().getErr().println("part " + part + " is finished already: its scores are in " + settings().written());
            return 0;
        }
        requireOwnFiles();
        List<TaskGroup> groups = new ArrayList<>();
        TaskCatalog catalog = tasks.isEmpty() ? null : new TaskCatalog();
        for (String task : tasks) {
            groups.add(catalog.find(task.strip()));
        }
        DataFolder folder = tasks.isEmpty() ? null : DataFolder.open(data);
        RequestFile ready = requests == null ? null : RequestFile.read(requests);
        try (FolderLock results = output == null ? null : lock(settings().written());
                FolderLock rows = samples == null ? null : lock(samples);
                EvalSession session = open()) {
            if (ready != null) {
                session.answer(ready, spec.commandLine().getOut());
                return 0;
            }
            PrintWriter console = Outputs.console(spec, output);
            Split read = split();
            PreparedData prepared = shards == null ? null : session.openShards(shards, read);
            session.check(groups, folder, texts);
            if (probing.isAsked()) {
                probe(session, groups, folder, prepared, console);
                return 0;
            }
            try {
                for (TaskGroup group : groups) {
                    session.run(group, folder);
                }
                for (Path text : texts) {
                    session.runText(text);
                }
                if (prepared != null) {
                    session.runShards(prepared, read);
                }
                session.complete();
            } finally {
                print(session, session.table(), console);
            }
        }
        return 0;
    }

    private EvalSettings settings() {
        return new EvalSettings(new ScoringSettings(limit == null ? Limit.NONE : new Limit(limit), shots, batchTokens, maxLength, !noPrefixReuse),
                output, samples, resume, Optional.ofNullable(part));
    }

    private EvalSession open() throws IOException {
        PrintWriter err = spec.commandLine().getErr();
        return merge ? EvalSession.merge(model, JournalParts.find(OutputFile.of(output).path()), settings(), err)
                : EvalSession.open(model, devices.devices(), settings(), err);
    }

    private void print(EvalSession session, Optional<Table> table, PrintWriter console) throws IOException {
        if (table.isPresent()) {
            console.print(json ? session.json() : table.get().toText() + "\n");
            console.flush();
        }
    }

    private Split split() {
        return split.equals(Split.TRAIN.name()) ? Split.TRAIN : Split.heldOut(split);
    }

    private void probe(EvalSession session, List<TaskGroup> groups, DataFolder folder, PreparedData prepared, PrintWriter console)
            throws IOException {
        Set<ProbeName> probes = probing.probes(!tasks.isEmpty(), shards != null || !texts.isEmpty());
        try {
            session.probe(probes, probing, prepared, split(), texts);
            if (probes.contains(ProbeName.TASKS)) {
                session.probeTasks(probing, groups, folder);
            }
            session.complete();
        } finally {
            print(session, session.probeTable(), console);
        }
    }

    private void check() throws IOException {
        require(model != null, "--model is missing: name the folder of the model to score, or --compare result files");
        require(output != null || !resume, "--resume needs --output, the file of the run to go on with");
        require(requests == null || !json, "--json goes with scores: the answers to --requests are lines of JSON anyway");
        boolean scores = !tasks.isEmpty() || !texts.isEmpty() || shards != null;
        require(scores != (requests != null), "name what to score: --task with --data, --text or --shards; or else --requests");
        require(tasks.isEmpty() || data != null, "--task needs --data, the folder that holds the tasks' data");
        require(limit == null || limit > 0 && (limit <= 1 || limit == Math.rint(limit)) && limit <= Integer.MAX_VALUE,
                "--limit must be at least 1 (got " + (limit == null ? "" : limit.toString().replaceAll("\\.0$", ""))
                + "), a whole number of rows, or a fraction of them between 0 and 1");
        if (part != null || merge) {
            checkParts();
        }
        probing.check();
        if (probing.isAsked()) {
            require(!devices.areSeveral(), "--probes computes on one device: give --device in place of --devices");
            require(requests == null && samples == null && !resume, "--probes goes with --task, --text and --shards, without --requests,"
                    + " --samples and --resume");
            Set<ProbeName> probes = probing.probes(!tasks.isEmpty(), shards != null || !texts.isEmpty());
            require(!ProbeRun.needsCounts(probes) || shards != null, "the probes recall and copy need --shards: what is common is"
                    + " counted in its training split");
            probing.settings();
        }
        require(shots >= 0, "--shots must be at least 0 (got " + shots + ")");
        require(batchTokens >= 1, "--batch-tokens must be at least 1 (got " + batchTokens + ")");
    }

    private void checkParts() throws IOException {
        String given = merge ? "--merge" : "--part";
        require(!merge || part == null, "--part computes and --merge puts together what was computed: give one");
        require(output != null && !OutputFile.of(output).isStream(), given + " needs --output, the file beside which the parts' scores are kept");
        require(!probing.isAsked(), given + " goes with scores, without --probes");
        require(!merge || !resume && !devices.isGiven(), "--merge computes nothing: leave out --device, --devices and --resume");
        require(merge || samples == null && !json, "a part has no results: leave --samples and --json to --merge");
    }

    private void requireOwnFiles() throws IOException {
        Outputs outputs = new Outputs().readsModel("--model", model.folder()).readsTasks("--data", data)
                .readsPrepared("--shards", shards).reads("--requests", requests);
        texts.forEach(text -> outputs.reads("--text", text));
        tasks.stream().map(String::strip).filter(task -> task.matches(".*\\.ya?ml"))
                .forEach(task -> outputs.reads("--task", Path.of(task)));
        outputs.writes("--output", output).writes("--samples", samples);
        requireFree("--output", output);
        requireFree("--samples", samples);
        boolean isStream = output == null || OutputFile.of(output).isStream();
        require(!resume || !isStream, "--resume needs an --output that can be read again (got " + output + ")");
        if (!isStream) {
            outputs.writes("--output", EvalSettings.journal(settings().written()));
            requireFree(part == null ? "--output" : "the scores of part " + part + " in", settings().written());
        }
    }

    /** Reads the option's value. */
    private static final class PartConverter implements ITypeConverter<Part> {

        @Override
        public Part convert(String value) {
            try {
                return Part.of(value);
            } catch (InvalidInputException e) {
                throw new TypeConversionException(e.getMessage());
            }
        }
    }

    /** Results cost hours: none is written over unasked. */
    private void requireFree(String option, Path file) throws IOException {
        boolean isFree = file == null || overwrite || resume || OutputFile.of(file).isStream() || !Files.exists(OutputFile.of(file).path());
        require(isFree, option + " " + file + " exists already: name another file, or add --overwrite to replace it"
                + (compare.isEmpty() ? ", or --resume to go on with it" : ""));
    }

    /** Keeps a second eval from the same file; nobody can be kept from a device or a pipe. */
    private static FolderLock lock(Path written) throws IOException {
        OutputFile file = OutputFile.of(written);
        return file.isStream() ? null
                : FolderLock.take(file.path().resolveSibling("." + file.path().getFileName() + ".lock"), written);
    }

    private static void require(boolean holds, String message) {
        if (!holds) {
            throw new InvalidInputException(message);
        }
    }

    private void compare() throws IOException {
        require(model == null && tasks.isEmpty() && requests == null, "--compare takes result files and --output, no model");
        Path base = output == null ? compare.get(0).resolveSibling("comparison") : output.toAbsolutePath().normalize();
        require(base.getFileName() != null && (Files.isDirectory(base) || !OutputFile.of(base).isStream()), "--compare writes two"
                + " files, FILE.md and FILE.html: --output must name FILE (got " + output + ")");
        String stem = base.getFileName().toString().replaceFirst("\\.(md|html)$", "");
        Path markdown = base.resolveSibling(stem + ".md");
        Path html = base.resolveSibling(stem + ".html");
        Outputs outputs = new Outputs();
        compare.forEach(file -> outputs.reads("--compare", file));
        outputs.writes("--output", markdown).writes("--output", html);
        requireFree("--output", markdown);
        requireFree("--output", html);
        Map<String, List<TaskResult>> runs = new LinkedHashMap<>();
        for (Path file : compare) {
            String name = file.getFileName().toString().replaceFirst("\\.json$", "");
            runs.put(runs.containsKey(name) ? file.toString() : name, ResultFile.read(file));
        }
        Table table = Comparison.of(runs);
        OutputFile.write(markdown, table.toMarkdown() + "\n" + Comparison.NOTE + "\n");
        OutputFile.write(html, table.toHtml("Comparison of " + runs.size() + " models", Comparison.NOTE));
        spec.commandLine().getOut().println(table.toText());
        spec.commandLine().getErr().println(Comparison.NOTE);
        spec.commandLine().getErr().println("written to " + markdown + " and .html");
    }
}
