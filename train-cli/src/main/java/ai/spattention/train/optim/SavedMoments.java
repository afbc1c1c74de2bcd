package ai.spattention.train.optim;

import java.util.Optional;

/** A checkpoint's optimizer state, read part by part: all of it at once would take a GPU twice the optimizer's memory. */
@FunctionalInterface
public interface SavedMoments {

    /** Of a run that begins. */
    SavedMoments NONE = (parameterId, begin, end) -> Optional.empty();

    /**
     * Reads a part of a parameter's state, in float32.
     *
     * @param parameterId the parameter's {@link ai.djl.nn.Parameter#getId()}
     * @param begin the first of its row-major elements
     * @param end the element after the last
     * @return arrays [end - begin], the caller's; empty if the parameter has no state yet
     */
    Optional<AdamW.Moments> read(String parameterId, long begin, long end);
}
