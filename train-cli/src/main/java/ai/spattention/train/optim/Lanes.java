package ai.spattention.train.optim;

import ai.spattention.plan.Tensor;

/**
 * Two lanes of work on a device, each in its own order, and none between them but what is asked for: passes and updates go on one, what
 * processes compute together on the other.
 */
public interface Lanes extends AutoCloseable {

    /** A lane. Work is put on it, and the caller does not wait. */
    interface Lane {

        /** Copies an array without gaps to another of its size. */
        void copy(Tensor from, Tensor to);

        /** Fills an array without gaps with zeros. */
        void clear(Tensor array);

        /** Adds an array [n], float32, n a multiple of 64, to another. */
        void add(Tensor values, Tensor sums);
    }

    /**
     * The lane of passes and updates.
     *
     * @return the lane
     */
    Lane passes();

    /**
     * The lane of collectives.
     *
     * @return the lane
     */
    Lane collectives();

    /** Lets what follows on the collectives' lane wait for what is on the passes' lane so far. */
    void collectivesWait();

    /** Lets what follows on the passes' lane wait for what is on the collectives' lane so far. */
    void passesWait();

    /**
     * Remembers what is on the collectives' lane so far.
     *
     * @param number by which it is remembered, from 0 on
     */
    void mark(int number);

    /**
     * Lets what follows on the passes' lane wait for what a mark remembers; for nothing if there is none yet.
     *
     * @param number the mark's
     */
    void passesWait(int number);

    @Override
    void close();
}
