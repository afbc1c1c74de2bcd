package ai.spattention.segment;

import ai.djl.ndarray.NDList;

/**
 * How the parts of a model are put together for the backward pass. A model written against this interface runs in the engine's
 * one graph ({@link #engine()}), for inference ({@link #inference()}), or cut into segments ({@link SegmentTape}), where a part
 * may compute its gradients itself and a layer may be computed again instead of being kept.
 */
public interface Segments {

    /** A part of a model. */
    @FunctionalInterface
    interface Part {

        /**
         * Computes the part.
         *
         * @param segments how parts of this part are put together
         * @param inputs the arrays that come from other parts; parameters need not be among them
         * @return the results
         */
        NDList run(Segments segments, NDList inputs);
    }

    /**
     * Whether the parts' own backward passes are used, so that operations without one in the engine may be chosen.
     *
     * @return true if {@link #run(String, ExplicitPart, NDList)} calls {@link ExplicitPart#forward}
     */
    boolean isExplicit();

    /**
     * Runs a part that the engine differentiates.
     *
     * @param name what the part does, for profiles
     * @param part the part
     * @param inputs its inputs
     * @return its results, attached to whatever manager the part attached them to
     */
    NDList run(String name, Part part, NDList inputs);

    /**
     * Runs a part that has a backward pass of its own.
     *
     * @param name what the part does, for profiles
     * @param part the part
     * @param inputs its inputs, the parameters that it trains among them
     * @return its results
     */
    NDList run(String name, ExplicitPart part, NDList inputs);

    /**
     * Runs a part of which only the inputs are kept: the backward pass computes it again. It must compute the same both times,
     * so it may not be random.
     *
     * @param part the part
     * @param inputs its inputs
     * @return its results
     */
    NDList runAgainLater(Part part, NDList inputs);

    /**
     * Everything in the engine's one graph, as in a plain DJL Trainer.
     *
     * @return stateless segments
     */
    static Segments engine() {
        return Uncut.ENGINE;
    }

    /**
     * Nothing is kept for a backward pass.
     *
     * @return stateless segments
     */
    static Segments inference() {
        return Uncut.INFERENCE;
    }
}
