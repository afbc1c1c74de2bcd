package ai.spattention.train.cli.session;

import ai.djl.ndarray.NDManager;
import ai.spattention.InvalidInputException;
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
import ai.spattention.eval.score.RequestEncoder;
import ai.spattention.eval.task.TaskGroup;
import ai.spattention.olmoe.model.OlmoeModel;
import ai.spattention.olmoe.tokenizer.Tokenizer;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.LongStream;

/** Probes of a loaded model. */
final class ProbeSession {

    private final OlmoeModel model;
    private final NDManager manager;
    private final Tokenizer tokenizer;
    private final EvalSettings settings;
    private final ProbeSettings probing;
    private final KeepingScorer.Progress progress;

    ProbeSession(OlmoeModel model, NDManager manager, Tokenizer tokenizer, EvalSettings settings, ProbeSettings probing,
            KeepingScorer.Progress progress) {
        this.model = model;
        this.manager = manager;
        this.tokenizer = tokenizer;
        this.settings = settings;
        this.probing = probing;
        this.progress = progress;
    }

    /** Documents as one stream of tokens, each with its end, as they are prepared for training. */
    TokenText text(String name, List<String> documents, boolean documentMask) {
        int eosId = tokenizer.eosId().orElseThrow(() -> new InvalidInputException("the tokenizer " + tokenizer.name()
                + " has no token that ends a document, which a text to probe needs"));
        long[] ids = documents.stream().flatMapToLong(document -> LongStream.concat(
                Arrays.stream(tokenizer.encodeOrdinary(document)).asLongStream(), LongStream.of(eosId))).toArray();
        return new TokenText(name, ids, eosId, documentMask);
    }

    /** Refuses texts that probes do not fit. */
    void check(Set<ProbeName> probes, List<HeldOutText> texts) {
        texts.forEach(text -> ProbeRun.check(probes, probing, text, length(text)));
    }

    /** As asked for, or as long as the model reads and the text is. */
    private int length(HeldOutText text) {
        return settings.maxLength() != null ? settings.maxLength()
                : (int) Math.max(1, Math.min(model.getConfig().maxPositionEmbeddings(), text.count(1)));
    }

    List<ProbeResult> text(Set<ProbeName> probes, HeldOutText text, TrainingCounts counts) throws IOException {
        int length = length(text);
        return new ProbeRun(ProbedModel.of(model, manager), probing, tokenizer, counts, settings.batchTokens(), progress)
                .run(probes, text, length, settings.limit().of(text.count(length)));
    }

    List<ProbeResult> tasks(List<TaskGroup> groups, DataFolder folder, RequestEncoder encoder, int maxLength) throws IOException {
        return new TaskProbe(encoder, layout -> new DirectScorer(new LogLikelihoods(model.withLayoutLength(layout), manager,
                settings.batchTokens(), settings.prefixReuse()), () -> false), settings.limit(), settings.shots(), maxLength)
                .run(groups, folder, ProbedModel.of(model, manager).bothLayouts());
    }
}
