package ai.spattention.train.distributed;

import ai.djl.ndarray.NDArray;
import ai.spattention.cuda.CudaStream;
import java.util.Optional;

/**
 * What the processes of a run compute together. Each has a rank, and all call the same operations in the same order with arrays of the same
 * size and type. Arrays are dense and lie where the backend works: in the host's memory, or on the rank's GPU.
 *
 * <p>An operation on a GPU is put on a stream that keeps order with PyTorch's; reading the array waits for it.
 */
public interface Collectives extends AutoCloseable {

    /**
     * This process.
     *
     * @return its number, from 0 to {@link #size()} - 1
     */
    int rank();

    /**
     * How many processes there are.
     *
     * @return at least 1
     */
    int size();

    /**
     * Sums arrays over the ranks, in place. All ranks get the same bits.
     *
     * @param values float32 or float64
     */
    void allReduce(NDArray values);

    /**
     * Sums arrays over the ranks, in place. Of n elements rank r gets the sums of those from r n / size to (r + 1) n / size; what the
     * others then hold is undefined.
     *
     * @param values float32 or float64, [n], where the size divides n
     */
    void reduceScatter(NDArray values);

    /**
     * Gives all ranks each one's part, in place: of n elements those from r n / size to (r + 1) n / size are rank r's.
     *
     * @param values of any type, [n], where the size divides n
     */
    void allGather(NDArray values);

    /**
     * Gives all ranks one's array.
     *
     * @param values of any type
     * @param root the rank that has it
     */
    void broadcast(NDArray values, int root);

    /**
     * Sums numbers over the ranks, and waits for that. All ranks get the same bits, and what is 0 on all ranks but one stays exact.
     *
     * @param values the own numbers; as many on all ranks
     * @return the sums
     */
    double[] sum(double... values);

    /**
     * Tells all ranks each one's number, and waits for that.
     *
     * @param own this rank's
     * @return the numbers by rank, the same bits on all ranks
     */
    default double[] ofEachRank(double own) {
        double[] numbers = new double[size()];
        numbers[rank()] = own;
        return sum(numbers);
    }

    /** Waits until all ranks are here. */
    void barrier();

    /**
     * The same processes, with a name for what is computed next.
     *
     * @param what what the arrays are, for messages about a process that waits
     * @return what they compute together; to be closed as this one is, and no more than once
     */
    default Collectives named(String what) {
        return this;
    }

    /**
     * The stream on which operations are put.
     *
     * @return a stream of a GPU's own, which keeps no order with others like it; empty where operations are done when they return, or are put
     *     on PyTorch's own
     */
    default Optional<CudaStream> stream() {
        return Optional.empty();
    }

    /**
     * How long the collectives took that have ended, waiting for others included; a step's are the difference of two readings.
     *
     * @return seconds since the beginning; on a GPU its own time
     */
    default double waitedSeconds() {
        return 0;
    }

    /**
     * Ends what all ranks do together, without waiting for anyone: what others wait for fails, and so does every later call here. For a rank
     * that fails between two operations.
     */
    void abort();

    /**
     * {@linkplain #abort() Aborts} because something failed here, which is what a person has to read: where aborting fails, too, that is added to it
     * as suppressed.
     *
     * @param failure what failed
     */
    default void abortAfter(Throwable failure) {
        try {
            abort();
        } catch (RuntimeException | Error e) {
            failure.addSuppressed(e);
        }
    }

    /** Leaves. Every rank does so when nothing is left to do together. */
    @Override
    void close();
}
