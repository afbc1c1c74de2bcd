package ai.spattention.train.loop;

import ai.djl.ndarray.NDArray;
import ai.djl.nn.Parameter;
import ai.spattention.olmoe.checkpoint.ParameterValues;
import ai.spattention.olmoe.model.OlmoeModel;
import ai.spattention.segment.NoGradient;
import ai.spattention.train.distributed.Collectives;
import java.util.function.Consumer;

/** Makes sure that all processes begin with the same weights: those of rank 0. */
final class RankWeights {

    private RankWeights() {}

    /**
     * Gives all processes the weights of rank 0. They have them already, from the same seed, model or checkpoint, unless their libraries or
     * processors compute otherwise: that is told.
     */
    static void share(OlmoeModel model, ParameterValues values, Collectives collectives, Consumer<String> notes) {
        if (collectives.size() == 1) {
            return;
        }
        int others = 0;
        try (NoGradient copying = new NoGradient()) {
            for (Parameter parameter : model.getParameters().values().stream().distinct().toList()) {
                try (NDArray own = values.read(parameter); NDArray first = own.duplicate()) {
                    collectives.broadcast(first, 0);
                    if (!own.contentEquals(first)) {
                        others++;
                        values.write(parameter, first);
                    }
                }
            }
        }
        double[] other = collectives.ofEachRank(others);
        for (int rank = 0; rank < other.length; rank++) {
            if (other[rank] > 0) {
                notes.accept("warning: rank " + rank + " began with other weights than rank 0, in " + (long) other[rank] + " parameters, and has"
                        + " taken those of rank 0: its libraries or its processor compute otherwise");
            }
        }
    }
}
