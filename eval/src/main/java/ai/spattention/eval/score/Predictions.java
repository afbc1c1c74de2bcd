package ai.spattention.eval.score;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.training.ParameterStore;
import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.model.OlmoeModel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** What is to be read off the states of a pass through the model, and what was. */
final class Predictions {

    /** Logits that fit in a processor's cache, 4 MiB: they are gone over several times. */
    private static final int LOGITS = 1 << 20;

    /** Yet as many positions at a time as make reading the matrix worth it: one for so many of its columns. */
    private static final int COLUMNS = 16;

    private final OlmoeModel model;
    private final ParameterStore weights;
    private final List<TargetTokens> requests;
    private final Map<Integer, double[]> logLikelihoods = new HashMap<>();
    private final Map<Integer, Boolean> greedy = new HashMap<>();
    private final List<Wanted> wanted = new ArrayList<>();

    /** One target of a request, predicted at a place among the states of a pass. */
    private record Wanted(int place, int member, int number, int token) {}

    Predictions(OlmoeModel model, ParameterStore weights, List<TargetTokens> requests) {
        this.model = model;
        this.weights = weights;
        this.requests = requests;
    }

    /** A request's positions from start to end lie in the next pass, position i at place offset + i. */
    void expect(int member, int offset, int start, int end) {
        TargetTokens request = requests.get(member);
        logLikelihoods.computeIfAbsent(member, key -> new double[request.targets().length]);
        greedy.putIfAbsent(member, true);
        for (int position = Math.max(start, request.firstPosition()); position < end; position++) {
            int number = position - request.firstPosition();
            wanted.add(new Wanted(offset + position, member, number, request.targets()[number]));
        }
    }

    /** Reads what was expected off the states of a pass, [B, N, D]. */
    void read(NDArray states) {
        NDArray flat = states.reshape(-1, states.getShape().get(2));
        int[] places = wanted.stream().mapToInt(Wanted::place).sorted().distinct().toArray();
        int limit = Math.max(1, Math.max(LOGITS / model.getConfig().vocabSize(), model.getConfig().hiddenSize() / COLUMNS));
        for (int from = 0; from < places.length; from += limit) {
            read(flat, Arrays.copyOfRange(places, from, Math.min(places.length, from + limit)));
        }
        wanted.clear();
    }

    private void read(NDArray flat, int[] places) {
        List<Wanted> here = wanted.stream()
                .filter(each -> each.place >= places[0] && each.place <= places[places.length - 1]).toList();
        try (NDManager scope = flat.getManager().newSubManager()) {
            NDArray rows = flat.get(new NDIndex("{}", scope.create(Arrays.stream(places).asLongStream().toArray())));
            rows.attach(scope);
            NDArray logits = model.logits(weights, rows).toType(DataType.FLOAT32, false);
            long vocabulary = logits.getShape().get(1);
            int[] rowOf = here.stream().mapToInt(each -> Arrays.binarySearch(places, each.place)).toArray();
            long[] cells = new long[rowOf.length];
            Arrays.setAll(cells, i -> rowOf[i] * vocabulary + here.get(i).token);
            float[] ofTargets = logits.reshape(-1).get(new NDIndex("{}", scope.create(cells))).toFloatArray();
            NDArray largest = logits.max(new int[] {1}, true);
            float[] ofLikeliest = largest.toFloatArray();
            // not logSoftmax: its result, rounded to float32, would differ between batches by more than the logits do
            float[] sums = logits.subi(largest).exp().sum(new int[] {1}).toFloatArray();
            long[] likeliest = null;
            for (int i = 0; i < ofTargets.length; i++) {
                Wanted each = here.get(i);
                int row = rowOf[i];
                logLikelihoods.get(each.member)[each.number] = (double) ofTargets[i] - ofLikeliest[row] - Math.log(sums[row]);
                boolean isLikeliest = ofTargets[i] == ofLikeliest[row];
                if (isLikeliest) { // of equals the first counts; rare enough to look only now
                    likeliest = likeliest == null ? logits.argMax(1).toLongArray() : likeliest;
                    isLikeliest = likeliest[row] == each.token;
                }
                greedy.merge(each.member, isLikeliest, Boolean::logicalAnd);
            }
        }
    }

    /** A request's score, after all its positions were read. */
    Score score(int member) {
        double sum = Arrays.stream(logLikelihoods.get(member)).sum();
        if (!Double.isFinite(sum)) {
            throw new InvalidInputException("the model gives no number for a log-likelihood (got " + sum
                    + "): its weights are damaged, or its training went astray");
        }
        return new Score(sum, greedy.get(member));
    }
}
