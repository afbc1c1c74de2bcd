package ai.spattention.train.optim;

/**
 * A part of a parameter's optimizer state: that of its row-major elements from one to another.
 *
 * @param parameterId the parameter's {@link ai.djl.nn.Parameter#getId()}
 * @param begin the first element
 * @param end the element after the last
 * @param moments the state, [end - begin], or in the parameter's shape where it is all of it; the arrays stay the optimizer's
 */
public record MomentSlice(String parameterId, long begin, long end, AdamW.Moments moments) {}
