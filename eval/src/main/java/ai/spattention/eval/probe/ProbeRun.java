package ai.spattention.eval.probe;

import ai.spattention.common.InvalidInputException;
import ai.spattention.eval.measure.Bin;
import ai.spattention.eval.score.KeepingScorer;
import ai.spattention.olmoe.tokenizer.Tokenizer;
import ai.spattention.pattern.Band;
import ai.spattention.pattern.LayoutLength;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.LongConsumer;

/** Probes of a model on held-out text. What several of them need is computed once. */
public final class ProbeRun {

    /** The version of each probe's definition. */
    static final int VERSION = 1;

    private static final String LOSS = "loss";
    private static final String NATS = "nats a token";

    private final ProbedModel model;
    private final ProbeSettings settings;
    private final Tokenizer tokenizer;
    private final TrainingCounts counts;
    private final long batchTokens;
    private final KeepingScorer.Progress progress;

    /**
     * Creates a run.
     *
     * @param model what is probed
     * @param settings what can be chosen of the probes
     * @param tokenizer the model's tokenizer, by which bytes are counted
     * @param counts counts of the training data; null where neither recall nor copy is asked for
     * @param batchTokens the most tokens that go through the model together, at least one window
     * @param progress shows how far it has come, in windows
     */
    public ProbeRun(ProbedModel model, ProbeSettings settings, Tokenizer tokenizer, TrainingCounts counts, long batchTokens,
            KeepingScorer.Progress progress) {
        this.model = model;
        this.settings = settings;
        this.tokenizer = tokenizer;
        this.counts = counts;
        this.batchTokens = batchTokens;
        this.progress = progress;
    }

    /**
     * Whether probes need counts of the training data.
     *
     * @param probes the probes
     * @return whether recall or copy is among them
     */
    public static boolean needsCounts(Set<ProbeName> probes) {
        return probes.contains(ProbeName.RECALL) || probes.contains(ProbeName.COPY);
    }

    /**
     * Refuses what cannot be probed, before anything is computed.
     *
     * @param probes the probes
     * @param settings what can be chosen of them
     * @param text the held-out text
     * @param length N
     * @throws InvalidInputException if the text has no window of that length, or a probe does not fit it
     */
    public static void check(Set<ProbeName> probes, ProbeSettings settings, HeldOutText text, int length) {
        if (text.count(length) < 1) {
            throw new InvalidInputException(text.name() + " has no window of " + length + " tokens and the token after it to probe: choose"
                    + " a smaller length, or a longer text");
        }
        if (probes.contains(ProbeName.COPY)) {
            new CopyProbe(settings, length);
        }
        if (probes.contains(ProbeName.LENGTH) && settings.lengths().stream().noneMatch(other -> text.count(other) >= 1)) {
            throw new InvalidInputException("the probe length has no length that " + text.name() + " is long enough for (got "
                    + settings.toMap().get("length.lengths") + "): choose a smaller one by length.lengths, or leave the probe out");
        }
    }

    /**
     * Probes the model.
     *
     * @param probes the probes; tasks are {@link TaskProbe}'s
     * @param text the held-out text
     * @param length N, the tokens of a window
     * @param most the most windows of that length that are read; other lengths read as many tokens
     * @return the results, in the probes' order
     * @throws InvalidInputException as {@link #check}, or if the model gives no numbers
     * @throws IOException if reading fails
     */
    public List<ProbeResult> run(Set<ProbeName> probes, HeldOutText text, int length, long most) throws IOException {
        check(probes, settings, text, length);
        long count = Math.min(text.count(length), most);
        List<ProbeResult> results = new ArrayList<>(ofWindows(probes, text, length, count));
        if (probes.contains(ProbeName.COPY)) {
            results.add(copy(text, length));
        }
        if (probes.contains(ProbeName.LENGTH)) {
            results.addAll(lengths(text, length, count));
        }
        return results;
    }

    /** Those that read the same windows of a text. */
    private List<ProbeResult> ofWindows(Set<ProbeName> probes, HeldOutText text, int length, long count) throws IOException {
        LossProbe loss = new LossProbe(length);
        PositionProbe position = new PositionProbe(settings.positionEdges(), length);
        int width = recallWidth(length);
        RecallProbe recall = new RecallProbe(counts == null ? (first, second) -> false : counts::isCommon, width, length);
        ByteCount bytes = new ByteCount(tokenizer, text.eosId());
        List<WindowProbe> wanted = new ArrayList<>();
        if (probes.contains(ProbeName.LOSS)) {
            wanted.addAll(List.of(loss, bytes));
        }
        if (probes.contains(ProbeName.POSITION)) {
            wanted.add(position);
        }
        if (probes.contains(ProbeName.RECALL)) {
            wanted.add(recall);
        }
        if (wanted.isEmpty()) {
            return List.of();
        }
        show("probing " + text.name(), count, model.layoutLength(), pass -> pass.run(text, length, count, wanted));
        Map<String, String> read = read(text, length, count);
        List<ProbeResult> results = new ArrayList<>();
        if (probes.contains(ProbeName.LOSS)) {
            results.add(result(ProbeName.LOSS, text, LOSS, NATS, length, read, loss.bins()));
            Map<String, String> counted = new LinkedHashMap<>(read);
            counted.put("bytes", Long.toString(bytes.bytes()));
            if (bytes.bytes() > 0) {
                results.add(result(ProbeName.LOSS, text, "bits_per_byte", "bits a byte", length, counted,
                        loss.bitsPerByte((double) bytes.bytes() / (count * length))));
            }
        }
        if (probes.contains(ProbeName.POSITION)) {
            results.add(result(ProbeName.POSITION, text, LOSS, NATS, length, with(read, "position."), position.bins()));
        }
        if (probes.contains(ProbeName.RECALL)) {
            Map<String, String> own = with(read, "recall.");
            own.put("recall.width", Integer.toString(width));
            own.put("common_bigrams", Integer.toString(counts.commonBigrams()));
            results.add(result(ProbeName.RECALL, text, LOSS, NATS, length, own, recall.bins()));
        }
        return results;
    }

    private int recallWidth(int length) {
        return settings.recallWidth() > 0 ? settings.recallWidth()
                : Math.max(1, Band.ofHead(0, model.numHeads(), model.layoutLength().resolve(length)).width());
    }

    private ProbeResult copy(HeldOutText text, int length) throws IOException {
        CopyProbe probe = new CopyProbe(settings, length);
        int[] alphabet = CopyProbe.alphabet(settings, counts, text.eosId());
        List<List<Bin>> bins = new ArrayList<>();
        show("probing copies", probe.sequences(), model.layoutLength(), pass -> bins.add(probe.run(pass, text, alphabet)));
        return result(ProbeName.COPY, text, "copy_score", NATS, length, with(Map.of(), "copy."), bins.get(0));
    }

    private List<ProbeResult> lengths(HeldOutText text, int length, long count) throws IOException {
        List<ProbeResult> results = new ArrayList<>();
        for (int other : settings.lengths()) {
            long windows = Math.min(text.count(other), Math.max(1, count * length / other));
            if (text.count(other) < 1) {
                continue;
            }
            for (LayoutLength layout : model.bothLayouts()) {
                LossProbe loss = new LossProbe(other);
                show("probing length " + other + ", layout " + layout, windows, layout,
                        pass -> pass.run(text, other, windows, List.of(loss)));
                results.add(new ProbeResult(ProbeName.LENGTH.key(), VERSION, text.name(), LOSS, NATS, other, layout.toString(),
                        read(text, other, windows), loss.bins()));
            }
        }
        return results;
    }

    /** A part of the run. */
    @FunctionalInterface
    private interface Part {
        void run(ProbePass pass) throws IOException;
    }

    private void show(String what, long windows, LayoutLength layout, Part part) throws IOException {
        try (KeepingScorer.Progress.Shown shown = progress.start(what, 0, windows)) {
            long[] done = {0};
            LongConsumer batches = batch -> {
                done[0] += batch;
                shown.accept(done[0]);
            };
            part.run(new ProbePass(model.losses().apply(layout), batchTokens, batches));
        }
    }

    private static Map<String, String> read(HeldOutText text, int length, long count) throws IOException {
        Map<String, String> read = new LinkedHashMap<>();
        read.put("windows", Long.toString(count));
        read.put("document_mask", Boolean.toString(text.window(0, length).hasDocuments()));
        return read;
    }

    private Map<String, String> with(Map<String, String> read, String prefix) {
        Map<String, String> own = new LinkedHashMap<>(read);
        settings.toMap().forEach((key, value) -> {
            if (key.startsWith(prefix)) {
                own.put(key, value);
            }
        });
        return own;
    }

    private ProbeResult result(ProbeName probe, HeldOutText text, String measure, String unit, int length, Map<String, String> own,
            List<Bin> bins) {
        return new ProbeResult(probe.key(), VERSION, text.name(), measure, unit, length, model.layoutLength().toString(), own, bins);
    }
}
