package ai.spattention.plan;

import ai.spattention.cuda.CudaStream;
import java.util.Collection;

/** Something that a plan does. It declares what memory it works on, and is made ready once that memory has its place. */
public interface Step {

    /** A step that is ready to run again and again. It allocates nothing and looks nothing up. */
    @FunctionalInterface
    interface Ready {

        /**
         * Puts the step on a stream and returns at once.
         *
         * @param stream the stream
         */
        void run(CudaStream stream);
    }

    /**
     * What the step reads and writes.
     *
     * @return all its arrays
     */
    Collection<Tensor> tensors();

    /**
     * Says that the step lacks nothing; it is asked when the plan is made.
     *
     * @throws IllegalStateException if it does
     */
    default void check() {}

    /**
     * Makes the step ready.
     *
     * @return what runs
     */
    Ready prepare();

    /**
     * Puts the step on a stream once and returns at once. All its memory has its place.
     *
     * @param stream the stream; its device's context is current
     */
    default void run(CudaStream stream) {
        prepare().run(stream);
    }
}
