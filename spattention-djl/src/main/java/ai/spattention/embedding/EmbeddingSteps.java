package ai.spattention.embedding;

import ai.spattention.cuda.KernelLibrary;
import ai.spattention.cuda.TensorView.Type;
import ai.spattention.plan.KernelStep;
import ai.spattention.plan.Launches;
import ai.spattention.plan.Tensor;

/**
 * The launches of rows of an embedding, and of their gradients. The kernels are {@code src/main/kernel/embedding}.
 *
 * <p>Letters: T tokens, V the vocabulary, D a row's size.
 */
public final class EmbeddingSteps {

    static final KernelLibrary LIBRARY = KernelLibrary.beside(EmbeddingSteps.class, "");

    private static final int FORWARD_BLOCK = 1024;
    private static final int BACKWARD_BLOCK = 512;
    private static final int TILE = 64;
    private static final int TILE_OF_FIRSTS = 1024;

    private final Launches launches;

    /**
     * Starts.
     *
     * @param launches where steps go
     */
    public EmbeddingSteps(Launches launches) {
        this.launches = launches;
    }

    /**
     * x = the tokens' rows.
     *
     * @param tokens [T], int64
     * @param high the upper halves of the rows, [V, C]
     * @param low the lower halves, likewise of 16 bits
     * @param x [T, C], float32, written
     */
    public void forward(Tensor tokens, Tensor high, Tensor low, Tensor x) {
        low.require(low.type(), high.sizes());
        x.require(Type.FLOAT32, tokens.require(Type.INT64, -1).size(0), high.size(1));
        launches.add(new KernelStep(LIBRARY, "embedding_forward", launches.target()).with("tokens", tokens).with("high", high).with("low", low)
                .with("x", x).with("V", high.size(0)).with("size", high.size(1))
                .grid(x.size(0), (x.size(1) - 1) / FORWARD_BLOCK + 1, 1));
    }

    /**
     * Adds the gradients of tokens' rows to the embedding's.
     *
     * @param tokens [T], int64
     * @param gradient of x, [T, C], float32
     * @param out [V, C], float32, added to
     * @param leftOut the token that learns nothing; -1 for none
     */
    public void backward(Tensor tokens, Tensor gradient, Tensor out, int leftOut) {
        long count = tokens.require(Type.INT64, -1).size(0);
        gradient.require(Type.FLOAT32, count, out.require(Type.FLOAT32, -1, -1).size(1));
        Tensor links = launches.array("positions with the same token", Type.INT32, 2, count);
        launches.add(new KernelStep(LIBRARY, "embedding_links", launches.target()).with("tokens", tokens).with("links", links).with("T", count)
                .grid((count - 1) / TILE + 1, 1, 1));
        launches.add(new KernelStep(LIBRARY, "embedding_firsts", launches.target()).with("links", links).with("T", count)
                .grid((count - 1) / TILE_OF_FIRSTS + 1, 1, 1));
        launches.add(new KernelStep(LIBRARY, "embedding_backward", launches.target()).with("tokens", tokens).with("links", links)
                .with("x_grad", gradient).with("out", out).with("V", out.size(0)).with("T", count).with("size", out.size(1))
                .with("left_out", leftOut).grid(count, (out.size(1) - 1) / BACKWARD_BLOCK + 1, 1));
    }
}
