package ai.spattention.attention;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.spattention.common.InvalidInputException;
import ai.spattention.pattern.HeadMask;
import ai.spattention.torch.Bfloat16;
import java.util.List;
import java.util.Optional;

/**
 * What a kernel must know of a call to say whether it can compute it: everything but the numbers.
 *
 * @param layout the pattern and its layout length
 * @param device where the arrays are
 * @param type the type of queries, keys and values; {@link DataType#BFLOAT16} for the arrays of {@link Bfloat16}
 * @param numHeads H
 * @param numKvHeads G
 * @param queryLength N
 * @param keyLength M, at least N
 * @param headDim D
 * @param documents whether several documents are packed into a sequence
 * @param dropout whether attention weights are dropped
 * @param gradients who computes the gradients
 */
public record AttentionCall(AttentionLayout layout, Device device, DataType type, int numHeads, int numKvHeads,
        int queryLength, int keyLength, int headDim, boolean documents, boolean dropout, GradientMode gradients) {

    /**
     * Describes a call and checks that its arrays belong together.
     *
     * @param queries [B, H, N, D]
     * @param keys [B, G, M, D]
     * @param values [B, G, M, D]
     * @param documents [B, M], int64, or null for one document
     * @param layout the pattern and its layout length
     * @param dropout the probability with which an attention weight is dropped; 0 without training
     * @param gradients who computes the gradients
     * @return the call
     * @throws InvalidInputException if shapes, types or devices do not fit together
     */
    public static AttentionCall of(NDArray queries, NDArray keys, NDArray values, NDArray documents, AttentionLayout layout,
            float dropout, GradientMode gradients) {
        AttentionShape shape = AttentionShape.of(queries, keys, values).with(documents, queries);
        return of(shape, queries, documents, layout, dropout, gradients);
    }

    /**
     * The call of arrays whose shape is known.
     *
     * @param shape the sizes
     * @param queries of the call
     * @param documents [B, M], int64, or null for one document
     * @param layout the pattern and its layout length
     * @param dropout the probability with which an attention weight is dropped; 0 without training
     * @param gradients who computes the gradients
     * @return the call
     */
    public static AttentionCall of(AttentionShape shape, NDArray queries, NDArray documents, AttentionLayout layout, float dropout,
            GradientMode gradients) {
        return new AttentionCall(layout, queries.getDevice(), AttentionShape.type(queries), shape.numHeads(), shape.numKvHeads(),
                shape.queryLength(), shape.keyLength(), shape.headDim(), documents != null, dropout > 0, gradients);
    }

    /**
     * The call of {@link AttentionKernel#attend}.
     *
     * @param queries [B, H, N, D]
     * @param keys [B, G, M, D]
     * @param values [B, G, M, D]
     * @param documents [B, M], int64, or null for one document
     * @param layout the pattern and its layout length
     * @param dropout the probability with which an attention weight is dropped while training
     * @param training whether this is a training step
     * @return the call
     * @throws InvalidInputException if shapes, types or devices do not fit together
     */
    public static AttentionCall ofAttend(NDArray queries, NDArray keys, NDArray values, NDArray documents, AttentionLayout layout,
            float dropout, boolean training) {
        return of(queries, keys, values, documents, layout, training ? dropout : 0,
                training ? GradientMode.ENGINE : GradientMode.NONE);
    }

    /**
     * The same call with gradients that somebody else computes.
     *
     * @param mode who computes the gradients
     * @return the call
     */
    public AttentionCall with(GradientMode mode) {
        return new AttentionCall(layout, device, type, numHeads, numKvHeads, queryLength, keyLength, headDim, documents, dropout, mode);
    }

    /**
     * The masks of all heads.
     *
     * @return one mask a head
     */
    public List<HeadMask> headMasks() {
        return layout.headMasks(numHeads, keyLength);
    }

    /**
     * Why no kernel computes the call, whichever it is: there are no masks.
     *
     * @return the reason, for people, starting in lower case; empty if there are masks
     */
    public Optional<String> unsupportedPattern() {
        return layout.pattern().dependsOnData() ? Optional.of("pattern '" + layout.pattern().patternName() + "' depends on the tokens, and"
                + " kernels compute by masks: SpAttentionBlock computes it by hashing") : Optional.empty();
    }

    /**
     * The name of {@link #type} as people write it.
     *
     * @return for example {@code bfloat16}
     */
    public String typeName() {
        return AttentionShape.name(type);
    }

    /**
     * Refuses the call if a kernel cannot compute it.
     *
     * @param kernel the kernel
     * @throws InvalidInputException with the kernel's reason
     */
    public void requireFit(AttentionKernel kernel) {
        kernel.unsupported(this).ifPresent(reason -> {
            throw new InvalidInputException("the " + kernel.name() + " kernel cannot compute this attention (pattern "
                    + layout.pattern().patternName() + "): " + reason + "; choose another kernel, or auto");
        });
    }
}
