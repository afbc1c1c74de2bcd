package ai.spattention.olmoe.pass;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.spattention.cuda.TorchTensors;
import ai.spattention.olmoe.config.OlmoeConfig;
import ai.spattention.plan.Tensor;
import java.util.Objects;
import java.util.stream.Stream;

/**
 * The arrays through which a pass is fed and read: DJL's, in whose memory the plan's steps read and write.
 *
 * @param tokens [T], int64
 * @param targets [T], int64; -100 where there is none
 * @param documents [B, N], int64; null where sequences are one document
 * @param loss the mean cross-entropy, [1], float32
 * @param loads how many tokens chose each expert, [L, E], int64
 * @param meanProbabilities [L, E], float32
 * @param meanSquares of logsumexp(router logits), [L, 1], float32
 * @param probabilityGradients [L, E], float32, to be written before the backward phase
 * @param squareGradients [L, 1], float32, likewise
 */
record PassArrays(Shared tokens, Shared targets, Shared documents, Shared loss, Shared loads, Shared meanProbabilities,
        Shared meanSquares, Shared probabilityGradients, Shared squareGradients) {

    private static final long LINE_UNIT = 4; // elements of 4 bytes or more, so that every line begins at a multiple of 16 bytes

    /**
     * Memory that DJL and a plan share.
     *
     * @param array as DJL sees it
     * @param tensor as the plan sees it
     */
    record Shared(NDArray array, Tensor tensor) {

        static Shared of(NDManager manager, String name, DataType type, long... sizes) {
            NDArray array = manager.zeros(new Shape(sizes), type);
            return new Shared(array, Tensor.of(name, TorchTensors.view(array)));
        }

        /** A line for each layer, which begins where kernels can read it. */
        static Shared lines(NDManager manager, String name, DataType type, long layers, long columns) {
            Shared padded = of(manager, name, type, layers, (columns + LINE_UNIT - 1) / LINE_UNIT * LINE_UNIT);
            return new Shared(padded.array.get(new NDIndex(":, 0:{}", columns)), padded.tensor.columns(0, columns));
        }

        /** A layer's line. */
        Tensor line(int layer) {
            return tensor.rows(layer, 1).as(new long[] {tensor.size(1)}, new long[] {1});
        }
    }

    /** The memory of all. */
    long bytes() {
        return Stream.of(tokens, targets, documents, loss, loads, meanProbabilities, meanSquares, probabilityGradients, squareGradients)
                .filter(Objects::nonNull).mapToLong(shared -> shared.tensor.region().bytes()).sum();
    }

    /**
     * Makes the arrays.
     *
     * @param manager owns them
     * @param config the model's configuration
     * @param shape what the pass is for
     * @return the arrays, all zeros
     */
    static PassArrays of(NDManager manager, OlmoeConfig config, PassShape shape) {
        long layers = config.numHiddenLayers();
        long experts = config.numExperts();
        return new PassArrays(Shared.of(manager, "tokens", DataType.INT64, shape.tokens()),
                Shared.of(manager, "targets", DataType.INT64, shape.tokens()),
                shape.documents() ? Shared.of(manager, "documents", DataType.INT64, shape.batch(), shape.length()) : null,
                Shared.of(manager, "loss", DataType.FLOAT32, 1),
                Shared.lines(manager, "loads", DataType.INT64, layers, experts),
                Shared.lines(manager, "mean probabilities", DataType.FLOAT32, layers, experts),
                Shared.lines(manager, "mean squares", DataType.FLOAT32, layers, 1),
                Shared.lines(manager, "gradients of mean probabilities", DataType.FLOAT32, layers, experts),
                Shared.lines(manager, "gradients of mean squares", DataType.FLOAT32, layers, 1));
    }
}
