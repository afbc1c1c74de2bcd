package ai.spattention.eval.probe;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.loss.LanguageModelLoss;
import ai.spattention.olmoe.model.OlmoeModel;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The losses of a model's tokens. Logits exist for a slice of the wanted positions at a time, so that memory does not grow with
 * vocabulary times length; positions whose prediction is not wanted do not meet the matrix of the vocabulary.
 */
public final class ModelLosses implements TokenLosses {

    /** Logits of a slice: 64 MiB in float32. */
    private static final int LOGITS = 1 << 24;

    private final OlmoeModel model;
    private final NDManager manager;
    private final int sliceTokens;

    /**
     * Creates the losses of a model.
     *
     * @param model an initialised model
     * @param manager a manager on the model's device; arrays live in managers below it, until a call returns
     */
    public ModelLosses(OlmoeModel model, NDManager manager) {
        this(model, manager, Math.max(1, LOGITS / model.getConfig().vocabSize()));
    }

    ModelLosses(OlmoeModel model, NDManager manager, int sliceTokens) {
        this.model = model;
        this.manager = manager;
        this.sliceTokens = sliceTokens;
    }

    /**
     * {@inheritDoc}
     *
     * @throws InvalidInputException if the model gives no number
     */
    @Override
    public List<float[]> of(List<TokenWindow> windows) {
        int length = windows.get(0).length();
        long[] targets = joined(windows.stream().map(TokenWindow::targets).toList());
        float[] losses = new float[targets.length];
        Arrays.fill(losses, Float.NaN);
        int[] places = IntStream.range(0, targets.length).filter(i -> targets[i] != LanguageModelLoss.NO_TARGET).toArray();
        try (NDManager scope = manager.newSubManager()) {
            Shape shape = new Shape(windows.size(), length);
            NDList data = new NDList(scope.create(joined(windows.stream().map(TokenWindow::inputs).toList()), shape));
            if (windows.get(0).hasDocuments()) {
                data.add(scope.create(joined(windows.stream().map(TokenWindow::documents).toList()), shape));
            }
            ParameterStore weights = new ParameterStore(scope, false);
            NDArray states = model.hiddenStates(weights, data);
            NDArray rows = states.reshape(targets.length, states.getShape().get(2));
            for (int from = 0; from < places.length; from += sliceTokens) {
                read(weights, rows, targets, Arrays.copyOfRange(places, from, Math.min(places.length, from + sliceTokens)), losses);
            }
        }
        return IntStream.range(0, windows.size()).mapToObj(i -> Arrays.copyOfRange(losses, i * length, (i + 1) * length)).toList();
    }

    private static long[] joined(List<long[]> parts) {
        return parts.stream().flatMapToLong(Arrays::stream).toArray();
    }

    private void read(ParameterStore weights, NDArray rows, long[] targets, int[] places, float[] losses) {
        try (NDManager scope = rows.getManager().newSubManager()) {
            scope.tempAttachAll(rows);
            NDArray wanted = rows.get(new NDIndex("{}", scope.create(Arrays.stream(places).asLongStream().toArray())));
            NDArray logits = model.logits(weights, wanted).toType(DataType.FLOAT32, false);
            NDArray next = scope.create(Arrays.stream(places).mapToLong(place -> targets[place]).toArray(), new Shape(places.length, 1));
            float[] ofTargets = logits.gather(next, 1).toFloatArray();
            NDArray largest = logits.max(new int[] {1}, true);
            float[] ofLikeliest = largest.toFloatArray();
            // not logSoftmax: its result, rounded to float32, would lose digits where a token is nearly certain
            float[] sums = logits.subi(largest).exp().sum(new int[] {1}).toFloatArray();
            for (int i = 0; i < places.length; i++) {
                double loss = (double) ofLikeliest[i] - ofTargets[i] + Math.log(sums[i]);
                if (!Double.isFinite(loss)) {
                    throw new InvalidInputException("the model gives no number for a token's loss (got " + loss
                            + "): its weights are damaged, or its training went astray");
                }
                losses[places[i]] = (float) loss;
            }
        }
    }
}
