package ai.spattention.train.cli.session;

import ai.djl.Device;
import ai.spattention.common.InvalidInputException;
import ai.spattention.eval.ModelDigest;
import ai.spattention.eval.RequestFile;
import ai.spattention.eval.SampleFile;
import ai.spattention.eval.TaskRun;
import ai.spattention.eval.data.DataFolder;
import ai.spattention.eval.probe.HeldOutText;
import ai.spattention.eval.probe.ProbeJson;
import ai.spattention.eval.probe.ProbeName;
import ai.spattention.eval.probe.ProbeResult;
import ai.spattention.eval.probe.ProbeRun;
import ai.spattention.eval.probe.ProbeTable;
import ai.spattention.eval.probe.TrainingCounts;
import ai.spattention.eval.report.ResultFile;
import ai.spattention.eval.report.ResultTable;
import ai.spattention.eval.report.Table;
import ai.spattention.eval.report.TaskResult;
import ai.spattention.eval.score.JournalParts;
import ai.spattention.eval.score.JournalScorer;
import ai.spattention.eval.score.KeepingScorer;
import ai.spattention.eval.score.Part;
import ai.spattention.eval.score.PrefixToken;
import ai.spattention.eval.score.RequestEncoder;
import ai.spattention.eval.score.Score;
import ai.spattention.eval.score.ScoreJournal;
import ai.spattention.eval.score.Scorer;
import ai.spattention.eval.session.Evaluation;
import ai.spattention.eval.session.ModelProbes;
import ai.spattention.eval.session.WholeTexts;
import ai.spattention.eval.task.TaskGroup;
import ai.spattention.olmoe.config.OlmoeConfig;
import ai.spattention.olmoe.io.Resources;
import ai.spattention.olmoe.io.Sha256;
import ai.spattention.olmoe.tokenizer.SpecialTokens;
import ai.spattention.olmoe.tokenizer.Tokenizer;
import ai.spattention.olmoe.tokenizer.Tokenizers;
import ai.spattention.train.cli.option.ModelOptions;
import ai.spattention.train.cli.option.ProbeOptions;
import ai.spattention.train.data.DataVerification;
import ai.spattention.train.data.PreparedData;
import ai.spattention.train.data.Split;
import ai.spattention.train.data.SplitText;
import ai.spattention.train.data.TokenCountsFile;
import ai.spattention.train.machine.Versions;
import ai.spattention.train.terminal.CountProgress;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/** A model that is scored; what is known is on disk after every task. */
public final class EvalSession implements AutoCloseable {

    private static final String DEVICE = "--device";

    private final EvalSettings settings;
    private final PrintWriter err;
    private final Resources resources = new Resources();
    private final Map<String, Object> about = new LinkedHashMap<>();
    private final List<TaskResult> results = new ArrayList<>();
    private final List<ProbeResult> probed = new ArrayList<>();
    private EvalModels models;
    private Tokenizer tokenizer;
    private RequestEncoder encoder;
    private SampleFile samples;
    private Evaluation evaluation;
    private Finish finish;
    private Supplier<Optional<String>> speed = Optional::empty;

    /** What becomes of kept scores when everything asked for is written. */
    @FunctionalInterface
    private interface Finish {
        void run() throws IOException;
    }

    private EvalSession(EvalSettings settings, PrintWriter err) {
        this.settings = settings;
        this.err = err;
    }

    /** Loads a model on each of the devices, to score it. */
    public static EvalSession open(ModelOptions options, List<Device> devices, EvalSettings settings, PrintWriter err) throws IOException {
        EvalSession session = new EvalSession(settings, err);
        try {
            session.load(options, devices);
            return session;
        } catch (Throwable e) {
            session.resources.closeAfter(e);
            throw e;
        }
    }

    /** Takes the scores that the parts of an evaluation have left; no model is loaded. */
    public static EvalSession merge(ModelOptions options, JournalParts parts, EvalSettings settings, PrintWriter err) throws IOException {
        EvalSession session = new EvalSession(settings, err);
        try {
            session.take(options, parts);
            return session;
        } catch (Throwable e) {
            session.resources.closeAfter(e);
            throw e;
        }
    }

    private void load(ModelOptions options, List<Device> devices) throws IOException {
        models = resources.add(EvalModels.load(options, devices));
        Optional<Path> kept = settings.journal();
        Map<String, String> dependsOn = prepare(options, models.config(), ScoredOn.of(devices));
        ScoreJournal journal = resources.add(kept.isEmpty() ? ScoreJournal.inMemory()
                : ScoreJournal.open(kept.get(), dependsOn, settings.resume(), err::println));
        KeepingScorer scorer = new KeepingScorer(models.scorers(settings.scoring()), settings.part().orElse(Part.WHOLE), journal,
                EvalSession::show);
        finish = settings.part().isEmpty() ? journal::delete : () -> journal.keepAs(settings.written());
        speed = scorer::speed;
        evaluate(models.config(), scorer);
    }

    private void take(ModelOptions options, JournalParts parts) throws IOException {
        OlmoeConfig config = options.config();
        String kind = ScoreJournal.settings(parts.files().get(0)).getOrDefault(DEVICE, "none");
        Map<String, String> dependsOn = prepare(options, config, ScoredOn.kind(kind));
        ScoreJournal all = resources.add(ScoreJournal.merged(parts.files(), dependsOn, err::println));
        finish = parts::delete;
        evaluate(config, new JournalScorer(all));
    }

    /** Opens the tokenizer and tells what the results are of; what the scores depend on. */
    private Map<String, String> prepare(ModelOptions options, OlmoeConfig config, ScoredOn where) throws IOException {
        tokenizer = resources.add(Tokenizers.load(options.folder(), null));
        if (tokenizer.vocabSize() > config.vocabSize()) {
            throw new InvalidInputException("the tokenizer " + tokenizer.name() + " has " + tokenizer.vocabSize()
                    + " ids, more than the model's vocabulary of " + config.vocabSize() + " in "
                    + options.folder().resolve("config.json") + ": use the tokenizer that the model was trained with");
        }
        int maxLength = settings.scoring().maxLength(config);
        String digest = ModelDigest.of(options.folder());
        describe(options, config, where, digest, maxLength);
        encoder = new RequestEncoder(tokenizer, PrefixToken.of(SpecialTokens.read(options.folder()), tokenizer), maxLength);
        return scoresDependOn(options, config, where, digest);
    }

    private void evaluate(OlmoeConfig config, Scorer scorer) {
        evaluation = new Evaluation(config, encoder, settings.scoring(), scorer, sample -> {
            if (samples != null) {
                samples.add(sample);
            }
        }, err::println);
    }

    private static KeepingScorer.Progress.Shown show(String what, long done, long total) {
        CountProgress progress = new CountProgress(what, done, total);
        return new KeepingScorer.Progress.Shown() {
            @Override
            public void accept(long now) {
                progress.done(now);
            }

            @Override
            public void close() {
                progress.close();
            }
        };
    }

    /** What changes a score, be it in its last digits, besides the tokens of a request. */
    private Map<String, String> scoresDependOn(ModelOptions options, OlmoeConfig config, ScoredOn where, String digest) {
        Map<String, String> dependsOn = new LinkedHashMap<>();
        dependsOn.put("model", digest);
        dependsOn.put("tokenizer", tokenizer.digest());
        dependsOn.put("--pattern", config.patterns().toString());
        dependsOn.put("--layout-length", config.layoutLength().toString());
        dependsOn.put("--precision", options.precision().key());
        dependsOn.put("--kernel", options.kernel());
        dependsOn.put("--batch-tokens", Long.toString(settings.scoring().batchTokens()));
        dependsOn.put("--no-prefix-reuse", Boolean.toString(!settings.scoring().prefixReuse()));
        dependsOn.put(DEVICE, where.kind());
        Versions.all().forEach((what, version) -> dependsOn.put("version of " + what, version));
        return dependsOn;
    }

    private void describe(ModelOptions options, OlmoeConfig config, ScoredOn where, String digest, int maxLength) {
        Map<String, Object> described = new LinkedHashMap<>();
        described.put("limit", settings.scoring().limit().number());
        described.put("shots", settings.scoring().shots());
        described.put("shots_seed", 1234);
        described.put("pattern", config.patterns().toString());
        described.put("layout_length", config.layoutLength().toString());
        described.put("max_length", maxLength);
        described.put("batch_tokens", settings.scoring().batchTokens());
        described.put("prefix_reuse", settings.scoring().prefixReuse());
        described.put("dtype", options.precision().key());
        described.put("kernel", options.kernel());
        described.put("device", where.devices());
        where.gpu().ifPresent(name -> described.put("gpu", name));
        about.put("config", described);
        about.put("versions", Versions.all());
        Map<String, Object> scored = new LinkedHashMap<>();
        scored.put("folder", options.folder().toString());
        scored.put("sha256", digest);
        scored.put("tokenizer_sha256", tokenizer.digest());
        about.put("model", scored);
    }

    /**
     * Reads every row of every task and makes its requests: what is wrong with one shows before the first is answered. Only then
     * the samples' file is begun.
     */
    public void check(List<TaskGroup> all, DataFolder folder, List<Path> texts) throws IOException {
        evaluation.check(all, folder, texts);
        samples = settings.samples() == null ? null : resources.add(new SampleFile(settings.samples()));
    }

    /** Scores the tasks of a group; their results are written one by one. */
    public void run(TaskGroup group, DataFolder folder) throws IOException {
        evaluation.tasks(group, folder, this::add);
    }

    /** A part's results are of a part of the scores only, and mean nothing. */
    private void add(TaskResult result) throws IOException {
        if (settings.part().isEmpty()) {
            results.add(result);
            write();
        }
    }

    /** Scores a text as a whole. */
    public void runText(Path file) throws IOException {
        add(evaluation.text(file));
    }

    /** Opens prepared data and checks them, as training does. */
    public PreparedData openShards(Path folder, Split split) throws IOException {
        PreparedData data = PreparedData.open(folder);
        List<Split> filled = data.manifest().all().stream().filter(each -> data.manifest().tokens(each) > 0).toList();
        if (!filled.contains(split)) {
            throw new InvalidInputException(folder + " has " + (data.manifest().all().contains(split) ? "nothing in its" : "no") + " split '"
                    + split.name() + "': --split must be one of " + filled.stream().map(Split::name).collect(Collectors.joining(", ")));
        }
        if (!data.manifest().tokenizer().digest().equals(tokenizer.digest())) {
            throw new InvalidInputException("the data in " + folder + " were made with another tokenizer than the model's: "
                    + "prepare them with " + tokenizer.name());
        }
        DataVerification.verify(data);
        return data;
    }

    /** The loss on prepared data, in sequences of the longest length that the model reads. */
    public void runShards(PreparedData data, Split split) throws IOException {
        List<Path> files = data.manifest().shards(split).stream().map(shard -> data.folder().resolve(shard.file())).toList();
        TaskResult.Data about = new TaskResult.Data(split.folder(), split.folder(), files.stream().map(Path::toString).toList(),
                Sha256.of(files), null);
        String name = data.folder().toAbsolutePath().normalize().getFileName().toString();
        try (SplitText text = SplitText.open(name, data, split, false)) {
            add(evaluation.tokens(text, data.manifest().bytesPerToken(split), about));
        }
    }

    /** Probes a split of prepared data, or null, and texts, each apart; all are checked before the first is read by the model. */
    public void probe(Set<ProbeName> probes, ProbeOptions options, PreparedData data, Split split, List<Path> files) throws IOException {
        try (Resources open = new Resources()) {
            ModelProbes session = probes(options);
            List<HeldOutText> texts = new ArrayList<>();
            if (data != null) {
                String name = data.folder().toAbsolutePath().normalize().getFileName() + " " + split.folder();
                texts.add(open.add(SplitText.open(name, data, split, options.documentMask())));
            }
            for (Path file : files) {
                texts.add(session.text(file.getFileName().toString(), WholeTexts.read(file).stream().map(TaskRun.WholeText::text).toList(),
                        options.documentMask()));
            }
            session.check(probes, texts);
            TrainingCounts counts = ProbeRun.needsCounts(probes)
                    ? TokenCountsFile.of(data, options.settings().recallRarerThan(), err::println) : null;
            for (HeldOutText text : texts) {
                probed.addAll(session.text(probes, text, counts));
                write();
            }
        }
    }

    /** Probes tasks with both layouts. */
    public void probeTasks(ProbeOptions options, List<TaskGroup> all, DataFolder folder) throws IOException {
        probed.addAll(probes(options).tasks(all, folder, encoder));
        write();
    }

    private ModelProbes probes(ProbeOptions options) {
        EvalModels.Copy copy = models.first();
        return new ModelProbes(copy.model(), copy.manager(), tokenizer, settings.scoring(), options.settings(), EvalSession::show);
    }

    /** Answers ready requests. */
    public void answer(RequestFile requests, PrintWriter out) throws IOException {
        List<Score> scores = evaluation.answer(requests);
        if (settings.part().isPresent()) {
            complete();
            return;
        }
        if (settings.output() == null) {
            out.print(requests.answers(scores));
            out.flush();
        } else {
            requests.write(settings.output(), scores);
        }
        complete();
    }

    /** The results so far as the output has them. */
    public String json() throws IOException {
        return ResultFile.json(results, about());
    }

    /** What has been written into a device or a pipe cannot be replaced: that gets complete results only. */
    private void write() throws IOException {
        if (settings.journal().isPresent()) {
            writeFile();
        }
    }

    private void writeComplete() throws IOException {
        if (settings.output() != null && settings.journal().isEmpty() && !(results.isEmpty() && probed.isEmpty())) {
            writeFile();
        }
    }

    private void writeFile() throws IOException {
        ResultFile.write(settings.output(), results, about());
    }

    private Map<String, Object> about() {
        if (!probed.isEmpty()) {
            about.put("probes", ProbeJson.tree(probed));
        }
        return about;
    }

    /** Everything asked for is written: what was kept for another try can go. */
    public void complete() throws IOException {
        writeComplete();
        finish.run();
        speed.get().ifPresent(err::println);
        if (settings.part().isPresent()) {
            err.println("part " + settings.part().get() + " is finished, its scores are in " + settings.written()
                    + ": when all parts are, the same command with --merge makes the results");
        }
    }

    /** The results so far. */
    public Optional<Table> table() {
        return results.isEmpty() ? Optional.empty() : Optional.of(ResultTable.of(results));
    }

    /** The probes' results so far. */
    public Optional<Table> probeTable() {
        return probed.isEmpty() ? Optional.empty() : Optional.of(ProbeTable.of(probed));
    }

    @Override
    public void close() throws IOException {
        resources.close();
    }
}
