package ai.spattention.eval.session;

import ai.djl.ndarray.NDManager;
import ai.spattention.common.InvalidInputException;
import ai.spattention.eval.data.DataFolder;
import ai.spattention.eval.probe.HeldOutText;
import ai.spattention.eval.probe.ProbeName;
import ai.spattention.eval.probe.ProbeResult;
import ai.spattention.eval.probe.ProbeRun;
import ai.spattention.eval.probe.ProbeSettings;
import ai.spattention.eval.probe.ProbedModel;
import ai.spattention.eval.probe.TaskProbe;
import ai.spattention.eval.probe.TokenText;
import ai.spattention.eval.probe.TrainingCounts;
import ai.spattention.eval.score.DirectScorer;
import ai.spattention.eval.score.KeepingScorer;
import ai.spattention.eval.score.LogLikelihoods;
import ai.spattention.eval.score.Part;
import ai.spattention.eval.score.RequestEncoder;
import ai.spattention.eval.task.TaskGroup;
import ai.spattention.olmoe.model.OlmoeModel;
import ai.spattention.olmoe.tokenizer.Tokenizer;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.LongStream;

/** Probes a loaded model: what reach it has, in place of scores. */
public final class ModelProbes {

    private final OlmoeModel model;
    private final NDManager manager;
    private final Tokenizer tokenizer;
    private final ScoringSettings settings;
    private final ProbeSettings probing;
    private final KeepingScorer.Progress progress;

    /**
     * Creates the probes; all arguments stay the caller's.
     *
     * @param model the model
     * @param manager a manager on the model's device
     * @param tokenizer the model's tokenizer
     * @param settings how much is read at once, and of how much
     * @param probing the probes' own settings
     * @param progress shows how far they have come
     */
    public ModelProbes(OlmoeModel model, NDManager manager, Tokenizer tokenizer, ScoringSettings settings, ProbeSettings probing,
            KeepingScorer.Progress progress) {
        this.model = model;
        this.manager = manager;
        this.tokenizer = tokenizer;
        this.settings = settings;
        this.probing = probing;
        this.progress = progress;
    }

    /**
     * Documents as one stream of tokens, each with its end, as they are prepared for training.
     *
     * @param name what people call the text
     * @param documents the documents
     * @param documentMask whether attention stays within a document where several share a window
     * @return the text
     * @throws InvalidInputException if the tokenizer has no token that ends a document
     */
    public TokenText text(String name, List<String> documents, boolean documentMask) {
        int eosId = tokenizer.eosId().orElseThrow(() -> new InvalidInputException("the tokenizer " + tokenizer.name()
                + " has no token that ends a document, which a text to probe needs"));
        long[] ids = documents.stream().flatMapToLong(document -> LongStream.concat(
                Arrays.stream(tokenizer.encodeOrdinary(document)).asLongStream(), LongStream.of(eosId))).toArray();
        return new TokenText(name, ids, eosId, documentMask);
    }

    /**
     * Refuses texts that probes do not fit.
     *
     * @param probes the probes
     * @param texts the texts
     * @throws InvalidInputException if a text is too short, or a probe is not for such a text
     */
    public void check(Set<ProbeName> probes, List<HeldOutText> texts) {
        texts.forEach(text -> ProbeRun.check(probes, probing, text, length(text)));
    }

    /** As asked for, or as long as the model reads and the text is. */
    private int length(HeldOutText text) {
        return settings.maxLength() != null ? settings.maxLength()
                : (int) Math.max(1, Math.min(model.getConfig().maxPositionEmbeddings(), text.count(1)));
    }

    /**
     * Probes a text.
     *
     * @param probes the probes
     * @param text the text
     * @param counts how often tokens come in the training text; null if no probe needs it
     * @return what each probe found
     * @throws IOException if the text cannot be read
     */
    public List<ProbeResult> text(Set<ProbeName> probes, HeldOutText text, TrainingCounts counts) throws IOException {
        int length = length(text);
        return new ProbeRun(ProbedModel.of(model, manager), probing, tokenizer, counts, settings.batchTokens(), progress)
                .run(probes, text, length, settings.limit().of(text.count(length)));
    }

    /**
     * Probes tasks with both layouts.
     *
     * @param groups the tasks
     * @param folder where their data are
     * @param encoder turns text into tokens
     * @return what was found
     * @throws IOException if data cannot be read
     */
    public List<ProbeResult> tasks(List<TaskGroup> groups, DataFolder folder, RequestEncoder encoder) throws IOException {
        return new TaskProbe(encoder, layout -> new DirectScorer(new LogLikelihoods(model.withLayoutLength(layout), manager,
                settings.batchTokens(), settings.prefixReuse()), Part.WHOLE, () -> false), settings.limit(), settings.shots(),
                settings.maxLength(model.getConfig())).run(groups, folder, ProbedModel.of(model, manager).bothLayouts());
    }
}
