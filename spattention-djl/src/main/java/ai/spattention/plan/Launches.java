package ai.spattention.plan;

import ai.spattention.cuda.CudaTarget;
import ai.spattention.cuda.TensorView;

/**
 * Where an operation's steps go. An operation is written once against it: its steps become part of a plan ({@link PlanBuilder}), or run
 * at once on DJL's arrays ({@link ArrayLaunches}). A step is complete when it is added.
 */
public interface Launches {

    /**
     * The GPU.
     *
     * @return what decides which kernels run and how they are launched
     */
    CudaTarget target();

    /**
     * A new array, of any values.
     *
     * @param name what it holds, for messages
     * @param type the elements' type
     * @param sizes the sizes, outermost first
     * @return the array, without gaps
     */
    Tensor array(String name, TensorView.Type type, long... sizes);

    /**
     * Adds a step, which comes after all that were added before.
     *
     * @param step the step
     */
    void add(Step step);
}
