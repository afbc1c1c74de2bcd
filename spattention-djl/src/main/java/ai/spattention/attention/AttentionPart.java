package ai.spattention.attention;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.spattention.segment.ExplicitPart;
import ai.spattention.segment.Segments;

/**
 * Attention as a part of a model that may be cut into segments. Inputs: queries [B, H, N, D], keys and values [B, G, M, D].
 * Output: [B, H, N, D].
 */
public final class AttentionPart implements ExplicitPart {

    private static final String NAME = "attention";

    private final ExplicitGradientKernel kernel;
    private final NDArray documents;
    private final AttentionLayout layout;
    private final AttentionDropout dropout;

    private AttentionPart(ExplicitGradientKernel kernel, NDArray documents, AttentionLayout layout, AttentionDropout dropout) {
        this.kernel = kernel;
        this.documents = documents;
        this.layout = layout;
        this.dropout = dropout;
    }

    /**
     * Computes attention by the kernel's own backward pass where the segments use such and the kernel has one, else by the
     * engine's.
     *
     * @param segments how the parts are put together
     * @param kernel the kernel; one that chooses among others is asked which
     * @param inputs queries, keys and values
     * @param documents [B, M], int64: each position's document; null for one document
     * @param layout the pattern and its layout length
     * @param dropout the probability with which an attention weight is dropped while training, in [0, 1)
     * @param training whether this is a training step
     * @return [B, H, N, D]
     */
    public static NDArray run(Segments segments, AttentionKernel kernel, NDList inputs, NDArray documents, AttentionLayout layout,
            float dropout, boolean training) {
        GradientMode gradients = !training ? GradientMode.NONE : segments.isExplicit() ? GradientMode.EXPLICIT : GradientMode.ENGINE;
        AttentionCall call = AttentionCall.of(inputs.get(0), inputs.get(1), inputs.get(2), documents, layout,
                training ? dropout : 0, gradients);
        AttentionKernel chosen = kernel.kernelFor(call);
        if (segments.isExplicit() && chosen instanceof ExplicitGradientKernel explicit) {
            AttentionDropout drawn = AttentionDropout.draw(training ? dropout : 0);
            return segments.run(NAME, new AttentionPart(explicit, documents, layout, drawn), inputs).singletonOrThrow();
        }
        return segments.run(NAME, (inner, in) -> new NDList(
                chosen.attend(in.get(0), in.get(1), in.get(2), documents, layout, dropout, training)), inputs).singletonOrThrow();
    }

    @Override
    public Forward forward(NDList inputs) {
        NDList results = kernel.forward(inputs.get(0), inputs.get(1), inputs.get(2), documents, layout, dropout);
        return new Forward(results.subNDList(0, 1), results);
    }

    @Override
    public NDArray[] backward(NDList inputs, NDList kept, NDArray[] gradients) {
        return kernel.backward(inputs.get(0), inputs.get(1), inputs.get(2), documents, layout, dropout, kept, gradients[0])
                .toArray(new NDArray[0]);
    }

    @Override
    public NDList differentiable(NDList inputs) {
        // for kernels that the engine's autograd knows; the others refuse
        return new NDList(kernel.attend(inputs.get(0), inputs.get(1), inputs.get(2), documents, layout, dropout.rate(), true));
    }
}
