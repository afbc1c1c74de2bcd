package ai.spattention.cublas;

import ai.spattention.cuda.TensorView.Type;
import ai.spattention.plan.Tensor;

/**
 * All of a product that its algorithms depend on, but the numbers.
 *
 * @param left the left factor, as it lies
 * @param leftTransposed whether its transpose is meant
 * @param right the right factor, as it lies
 * @param rightTransposed whether its transpose is meant
 * @param out the result
 * @param add whether the product is added to what stands in out
 */
record ProductShape(Matrix left, boolean leftTransposed, Matrix right, boolean rightTransposed, Matrix out, boolean add) {

    private static final int LARGEST_ALIGNMENT = 256; // that cuBLASLt is told of

    /**
     * A matrix in memory.
     *
     * @param rows how many
     * @param columns how many
     * @param stride from a row to the next, in elements
     * @param type of the elements
     * @param alignment the largest power of two that divides the address, at most 256
     */
    record Matrix(long rows, long columns, long stride, Type type, long alignment) {

        static Matrix of(Tensor tensor) {
            return new Matrix(tensor.size(0), tensor.size(1), Math.max(tensor.strides()[0], tensor.size(1)), tensor.type(),
                    Math.min(LARGEST_ALIGNMENT, Long.lowestOneBit(tensor.address())));
        }

        /** From the first one to the end of the last row. */
        long elements() {
            return rows * stride;
        }

        long bytes() {
            return elements() * type.bytes();
        }
    }

    /** Multiplications and additions. */
    long operations() {
        return 2 * out.rows * out.columns * (leftTransposed ? left.rows : left.columns);
    }
}
