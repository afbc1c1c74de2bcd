package ai.spattention.eval.score;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import ai.spattention.olmoe.config.OlmoeConfig;
import ai.spattention.olmoe.model.DecodingCache;
import ai.spattention.olmoe.model.OlmoeModel;
import ai.spattention.pattern.LayoutLength;
import java.util.ArrayList;
import java.util.List;

/**
 * Asks a model for log-likelihoods, many requests at a time: each gets the result that it would get alone, up to the rounding
 * of float32. Only positions whose prediction counts meet the matrix of the vocabulary, and those that several requests share
 * meet it once.
 */
public final class LogLikelihoods {

    /** What a layer's share of a pass costs whatever it computes, in the multiplications that take as long. */
    private static final double LAYER_WORK = 4e6;

    /** What reading a weight costs, likewise: a pass reads all experts, a token needs few of them. */
    private static final double WEIGHT_WORK = 16;

    /** What a token costs by its vector's size besides matrices, likewise. */
    private static final double TOKEN_WORK = 512;

    private final OlmoeModel model;
    private final NDManager manager;
    private final ParameterStore weights;
    private final long batchTokens;
    private final boolean share;
    private long tokensRead;
    private long tokensAsked;

    /**
     * Creates the scorer.
     *
     * @param model an initialised model
     * @param manager a manager on the model's device
     * @param batchTokens the most tokens that go through the model together, padding included; a single request may have
     *     more, and 1 makes every request a batch
     * @param share whether to read the beginnings that requests of one group share once for all of them; lsh attention, which reads
     *     sequences as a whole, reads them each time
     */
    public LogLikelihoods(OlmoeModel model, NDManager manager, long batchTokens, boolean share) {
        this.model = model;
        this.manager = manager;
        this.batchTokens = batchTokens;
        this.share = share;
        weights = new ParameterStore(manager, false);
    }

    /** The batches of requests: the same for every copy of a model, since which requests go together depends on all of them. */
    List<Batch> plan(List<TargetTokens> requests) {
        OlmoeConfig config = model.getConfig();
        boolean inParts = share && !config.dependsOnData();
        return new BatchPlan(config::sight, batchTokens, inParts ? passTokens() : Long.MAX_VALUE).of(requests);
    }

    /** Scores the members of one batch, in their order. */
    List<Score> score(List<TargetTokens> requests, Batch batch) {
        List<Score> scores;
        try (NDManager scope = manager.newSubManager()) {
            scores = run(scope, requests, batch);
        }
        count(requests, batch);
        return scores;
    }

    private void count(List<TargetTokens> requests, Batch batch) {
        for (SharedBeginning beginning : batch.beginnings()) {
            long asked = beginning.members().stream().mapToLong(member -> requests.get(member).input().length).sum();
            tokensAsked += asked;
            tokensRead += asked - beginning.saved();
        }
    }

    /**
     * The tokens that went through the model, without padding.
     *
     * @return tokens so far
     */
    public long tokensRead() {
        return tokensRead;
    }

    /**
     * The tokens that would have gone through the model if nothing had been shared.
     *
     * @return tokens so far
     */
    public long tokensAsked() {
        return tokensAsked;
    }

    /** The number of tokens that take as long as a pass takes in any case: some dozens, or a hundred. */
    private long passTokens() {
        OlmoeConfig config = model.getConfig();
        double attention = 4.0 * config.hiddenSize() * config.hiddenSize();
        double expert = 3.0 * config.hiddenSize() * config.intermediateSize();
        double pass = LAYER_WORK + WEIGHT_WORK * (attention + config.numExperts() * expert);
        return (long) Math.ceil(pass
                / (attention + config.numExpertsPerTok() * expert + TOKEN_WORK * config.hiddenSize()));
    }

    private List<Score> run(NDManager scope, List<TargetTokens> requests, Batch batch) {
        Predictions predictions = new Predictions(model, weights, requests);
        List<SharedBeginning> beginnings = batch.beginnings();
        int length = beginnings.get(0).length();
        long[] ids = new long[beginnings.size() * length];
        for (int row = 0; row < beginnings.size(); row++) {
            SharedBeginning beginning = beginnings.get(row);
            copy(requests.get(beginning.members().get(0)).input(), 0, beginning.length(), ids, row * length);
            for (int member : beginning.members()) {
                predictions.expect(member, row * length, 0, beginning.length());
            }
        }
        LayoutLength pinned = model.getConfig().layoutLength().isSequence() ? LayoutLength.of(batch.layoutLength()) : null;
        DecodingCache cache = batch.hasRests()
                ? DecodingCache.of(scope, model.getConfig().numHiddenLayers(), pinned) : null;
        NDArray states = model.hiddenStates(weights, scope.create(ids, new Shape(beginnings.size(), length)), cache);
        predictions.read(states);
        if (cache != null) {
            readRests(scope, requests, batch, cache, predictions);
        }
        return batch.members().stream().map(predictions::score).toList();
    }

    /** Reads what follows the shared beginnings. */
    private void readRests(NDManager scope, List<TargetTokens> requests, Batch batch, DecodingCache cache,
            Predictions predictions) {
        int shared = batch.beginnings().get(0).length();
        List<Integer> members = new ArrayList<>();
        List<Long> rows = new ArrayList<>();
        for (int row = 0; row < batch.beginnings().size(); row++) {
            for (int member : batch.beginnings().get(row).members()) {
                if (requests.get(member).input().length > shared) {
                    members.add(member);
                    rows.add((long) row);
                }
            }
        }
        int length = members.stream().mapToInt(member -> requests.get(member).input().length - shared).max().orElseThrow();
        long[] ids = new long[members.size() * length];
        for (int row = 0; row < members.size(); row++) {
            int[] input = requests.get(members.get(row)).input();
            copy(input, shared, input.length, ids, row * length);
            predictions.expect(members.get(row), row * length - shared, shared, input.length);
        }
        DecodingCache each = cache.rows(scope, rows.stream().mapToLong(Long::longValue).toArray());
        cache.close();
        predictions.read(model.hiddenStates(weights, scope.create(ids, new Shape(members.size(), length)), each));
        each.close();
    }

    private static void copy(int[] from, int start, int end, long[] to, int at) {
        for (int i = start; i < end; i++) {
            to[at + i - start] = from[i];
        }
    }
}
