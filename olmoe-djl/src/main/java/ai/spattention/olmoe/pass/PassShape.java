package ai.spattention.olmoe.pass;

import ai.spattention.common.InvalidInputException;

/**
 * What a plan of a training pass is made for, besides the model.
 *
 * @param batch B, at least 1
 * @param length N, at least 1
 * @param documents whether sequences hold several documents, which do not see each other
 * @param addGradients whether gradients are added to what stands in the weights' gradients, or written over it
 * @param kept what is kept of each layer for the backward phase
 */
public record PassShape(int batch, int length, boolean documents, boolean addGradients, Kept kept) {

    /** Checks the sizes. */
    public PassShape {
        if (batch < 1 || length < 1) {
            throw new InvalidInputException("a pass has at least 1 sequence of at least 1 position (got " + batch + " of " + length + ")");
        }
    }

    /**
     * T.
     *
     * @return the number of tokens
     */
    public long tokens() {
        return (long) batch * length;
    }
}
