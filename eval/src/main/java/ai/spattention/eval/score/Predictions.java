package ai.spattention.eval.score;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.training.ParameterStore;
import ai.spattention.olmoe.model.OlmoeModel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** What is to be read off the states of a pass through the model, and what was. */
final class Predictions {

    /** The logits of a few hundred positions, 64 MiB, at a time. */
    private static final int LOGITS = 1 << 24;

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
        int limit = Math.max(1, LOGITS / model.getConfig().vocabSize());
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
            long[] likeliest = logits.argMax(1).toLongArray();
            long vocabulary = logits.getShape().get(1);
            long[] cells = here.stream()
                    .mapToLong(each -> Arrays.binarySearch(places, each.place) * vocabulary + each.token).toArray();
            float[] values = logits.logSoftmax(1).reshape(-1).get(new NDIndex("{}", scope.create(cells))).toFloatArray();
            for (int i = 0; i < values.length; i++) {
                Wanted each = here.get(i);
                logLikelihoods.get(each.member)[each.number] = values[i];
                greedy.merge(each.member, likeliest[(int) (cells[i] / vocabulary)] == each.token, Boolean::logicalAnd);
            }
        }
    }

    /** A request's score, after all its positions were read. */
    Score score(int member) {
        return new Score(Arrays.stream(logLikelihoods.get(member)).sum(), greedy.get(member));
    }
}
